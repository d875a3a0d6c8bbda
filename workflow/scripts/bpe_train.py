#!/usr/bin/env python3
"""Learn motifs: byte pair encoding of the units of some corpora.

Reads   units/{codebook}/shard-{shard}.parquet of each corpus
Writes  bpe.model (SentencePiece) and bpe.json (its sizes, and which units it is for)

Falls back to the largest vocabulary that the data allow. Above 100 million units it
learns from a fixed sample of the utterances.

Example
    python workflow/scripts/bpe_train.py --units results/corpora/demo/units/mfcc-k100 4 \\
        --bpe '{"vocab_size": 500, "deduplicate": true, "max_length": 64}' \\
        --model bpe.model --description bpe.json
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic

logger = logging.getLogger("bpe_train")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument(
        "--units", nargs=2, action="append", required=True, metavar=("FOLDER", "SHARDS"),
        help="units of a corpus, and how many shards it has; once for each corpus",
    )  # fmt: skip
    parser.add_argument("--bpe", type=json_object, required=True, help="vocab_size, deduplicate, max_length")
    parser.add_argument("--max-units", type=int, default=10**8, help="learn from a sample above this (default: 10^8)")
    parser.add_argument("--model", type=Path, required=True, help="SentencePiece model to write")
    parser.add_argument("--description", type=Path, required=True, help="JSON to write")
    args = parse_stage(parser, argv)

    from amela.units.sample import open_sample
    from amela.units.vocabulary import learn_vocabulary

    paths = [Path(folder, f"shard-{shard}.parquet") for folder, shards in args.units for shard in range(int(shards))]
    sample = open_sample(paths, args.bpe["deduplicate"], args.max_units)
    if sample.share < 1:
        logger.warning("learning from %.2f %% of %d units", 100 * sample.share, sample.available)
    model, description = learn_vocabulary(sample, args.bpe["vocab_size"], args.bpe["max_length"])
    with open_atomic(args.model, "wb") as out_model, open_atomic(args.description) as out:
        out_model.write(model)
        json.dump(description, out, indent=2, sort_keys=True)
        out.write("\n")


if __name__ == "__main__":
    run_stage(main)
