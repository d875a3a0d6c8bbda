#!/usr/bin/env python3
"""Table of the motifs of a corpus.

Reads   motifs/{bpe}/shard-{shard}.parquet; bpe.model and bpe.json
Writes  motifs.tsv (motif, units, length, count, mean_duration), most frequent first, and
        motifs.json (totals and means)

Example
    python workflow/scripts/motifs.py --motifs results/corpora/demo/motifs/motifs --shards 4 \\
        --model bpe.model --description bpe.json --table motifs.tsv --summary motifs.json
"""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic

logger = logging.getLogger("motifs")
COLUMNS = ("motif", "units", "length", "count", "mean_duration")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--motifs", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--shards", type=int, required=True, help="how many there are")
    parser.add_argument("--model", type=Path, required=True, help="SentencePiece model")
    parser.add_argument("--description", type=Path, required=True, help="bpe.json of the model")
    parser.add_argument("--table", type=Path, required=True, help="motif table to write (TSV)")
    parser.add_argument("--summary", type=Path, required=True, help="totals to write (JSON)")
    args = parse_stage(parser, argv)

    from amela.units.motifs import motif_use
    from amela.units.vocabulary import load_vocabulary

    vocabulary = load_vocabulary(args.model, args.description)
    use = motif_use(vocabulary, [args.motifs / f"shard-{shard}.parquet" for shard in range(args.shards)])
    summary = use.summary()
    logger.info("%s", summary)
    if not summary["share_longer_than_one"]:
        logger.warning("no motif is longer than one unit")
    with open_atomic(args.table) as out, open_atomic(args.summary) as out_summary:
        writer = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(use.table())
        json.dump(summary, out_summary, indent=2, sort_keys=True)
        out_summary.write("\n")


if __name__ == "__main__":
    run_stage(main)
