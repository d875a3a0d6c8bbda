#!/usr/bin/env python3
"""Pool the sums of a corpus' shards into the mean and deviation of each speaker or recording.

Reads   sums of every shard (Parquet)
Writes  a normalizer (Parquet)

Example
    python workflow/scripts/normalize.py --sums results/corpora/librivox/encode/mfcc 16 \\
        --output normalizer.parquet
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser

logger = logging.getLogger("normalize")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--sums", nargs=2, metavar=("FOLDER", "SHARDS"), required=True, help="sums of a corpus")
    parser.add_argument("--output", type=Path, required=True, help="normalizer to write")
    args = parse_stage(parser, argv)

    from amela.units.normalize import SHORT, pool_sums, short_groups, write_normalizer

    folder, shards = args.sums
    paths = [Path(folder, f"shard-{shard}.sums.parquet") for shard in range(int(shards))]
    normalizer = write_normalizer(args.output, pool_sums(paths))
    short = short_groups(normalizer)
    logger.info("%d groups", len(normalizer.statistics))
    if short:
        logger.warning("%d groups have less than %g s of speech: their statistics are noisy", len(short), SHORT)


if __name__ == "__main__":
    run_stage(main)
