#!/usr/bin/env python3
"""Units of a corpus in a format of other tools.

Formats: corpus-json, bpe-text, pt, textless, slamkit, discophon, kaldi (docs/formats.md, Exports).

Reads   the manifest and the units of every shard of a corpus
Writes  a folder with the files of the format, export.json (what they are) and rejected.jsonl;
        whole or not at all

Example
    python workflow/scripts/export.py --corpus demo --shards 4 \\
        --manifests results/corpora/demo/manifest --units results/corpora/demo/units/mfcc-k100 \\
        --export '{"format": "kaldi", "deduplicate": null}' --max-rejected 0.05 --output kaldi/
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("export")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--corpus", required=True, help="its name")
    parser.add_argument("--manifests", type=Path, required=True, metavar="FOLDER", help="of shard-N.jsonl")
    parser.add_argument("--units", type=Path, required=True, metavar="FOLDER", help="of shard-N.parquet")
    parser.add_argument("--shards", type=int, required=True, help="how many there are")
    parser.add_argument("--export", type=json_object, required=True, help="format, deduplicate")
    parser.add_argument("--max-rejected", type=float, required=True, help="share of the utterances (0-1)")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parse_stage(parser, argv)

    from amela.export.folder import describe
    from amela.export.units import CorpusFiles, export_units
    from amela.io.atomic import atomic_folder
    from amela.io.ledger import Ledger

    ledger = Ledger("export")
    files = CorpusFiles(args.manifests, args.units, args.shards)
    with atomic_folder(args.output) as folder:
        description = export_units(files, args.corpus, args.export, folder, ledger)
        describe(folder, description, ledger, args.max_rejected)
    logger.info("%d utterances, %d units -> %s", description["out"], description["units"], args.output)


if __name__ == "__main__":
    run_stage(main)
