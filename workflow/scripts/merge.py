#!/usr/bin/env python3
"""Merge the shards of a table, after proving that none of its stages has lost anything.

Reads   what each stage of the chain wrote and rejected, shard by shard
Writes  the table (JSON Lines, in the order of the shards), the rows of all ledgers, and the
        numbers of the proof

Refuses gaps by name, a stage that rejected more than max_rejected of what it took in, an
empty table, and transcripts without a word, of which more than max_repeated are the same, or
of which more than max_rejected of the time was rejected.

Example
    python workflow/scripts/merge.py --corpus results/corpora/demo --chain manifest kmeans_assign/mfcc-k100 \\
        --shards 4 --max-rejected 0.05 \\
        --output units.jsonl --rejected units.rejected.jsonl --coverage units.coverage.json
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic
from amela.io.jsonl import write_jsonl

logger = logging.getLogger("merge")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--chain", nargs="+", required=True, help="stages from where items come to the table")
    parser.add_argument("--shards", type=int, required=True, help="how many there are")
    parser.add_argument("--max-rejected", type=float, required=True, help="share (0-1) of items, and of seconds")
    parser.add_argument(
        "--max-repeated", type=float, help="share (0-1) of the utterances that may have one text: of transcripts"
    )
    parser.add_argument("--output", type=Path, required=True, help="table to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    parser.add_argument("--coverage", type=Path, required=True, help="proof to write")
    args = parse_stage(parser, argv)

    from amela.asr.gates import Limits
    from amela.merge.coverage import check_rejected, check_something_left, ledger_rows, prove_coverage
    from amela.merge.merged import merged_table

    flows = prove_coverage(args.corpus, args.chain, args.shards)
    for flow in flows:
        logger.info("%s", flow.to_row())
    check_rejected(flows, args.max_rejected, args.corpus)
    check_something_left(flows, args.corpus)
    limits = None if args.max_repeated is None else Limits(args.max_repeated, args.max_rejected)
    count = write_jsonl(args.output, merged_table(args.corpus, args.chain, args.shards, limits))
    write_jsonl(args.rejected, ledger_rows(args.corpus, args.chain, args.shards))
    with open_atomic(args.coverage) as out:
        json.dump({"stages": [flow.to_row() for flow in flows]}, out, indent=2)
        out.write("\n")
    logger.info("%d rows -> %s", count, args.output)


if __name__ == "__main__":
    run_stage(main)
