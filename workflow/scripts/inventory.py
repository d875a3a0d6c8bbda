#!/usr/bin/env python3
"""List the recordings of a corpus, in shards of about the same duration.

Reads   a directory of audio files, or a table of them (CSV, TSV, JSON Lines)
Writes  a folder with shard-0.jsonl, shard-1.jsonl, … (recordings, sorted by id),
        rejected.jsonl (rows of the table that name no recording) and summary.json

Example
    python workflow/scripts/inventory.py --output results/corpora/digits/inventory \\
        --corpus '{"source": "recordings", "include": ["*.wav"], "exclude": [], "shards": 4}'
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("inventory")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--corpus", type=json_object, required=True, help="source, include, exclude, shards")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--unseen",
        action="store_true",
        help="take the table's word for files that cannot be seen from here: a list to plan with, not to work with",
    )
    args = parse_stage(parser, argv)

    from amela.audio.header import header_seconds
    from amela.corpus.inventory import write_inventory
    from amela.corpus.listing import look_at, take_word
    from amela.io.atomic import atomic_folder

    look = take_word if args.unseen else partial(look_at, header_seconds=header_seconds)
    with atomic_folder(args.output) as folder:
        summary = write_inventory(folder, args.corpus, look)
    logger.info("%(recordings)d of %(listed)d recordings, %(seconds).1f s, %(rejected)d rejected", summary)


if __name__ == "__main__":
    run_stage(main)
