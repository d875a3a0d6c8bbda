#!/usr/bin/env python3
"""An encoder as an upstream of s3prl: a folder that s3prl and torch.hub load.

Reads   the receipt of the encoder's weights, if it has any
Writes  a folder: expert.py, hubconf.py, settings.json, README.md (how to use it)

Example
    python workflow/scripts/s3prl_upstream.py --export logmel-upstream --encoder '{"backend": "logmel"}' \\
        --encoder-environment encode-spectral --output upstream/
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.export.upstream import entry_name, write_upstream
from amela.io.atomic import atomic_folder

logger = logging.getLogger("s3prl_upstream")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--export", required=True, help="its name")
    parser.add_argument("--encoder", type=json_object, required=True, help="backend and its settings")
    parser.add_argument("--checkpoint", type=Path, metavar="JSON", help="receipt of its weights, if it has any")
    parser.add_argument("--encoder-environment", required=True, metavar="NAME", help="environment of the encoder")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parse_stage(parser, argv)

    with atomic_folder(args.output) as folder:
        write_upstream(folder, args.output, args.export, args.encoder, args.checkpoint, args.encoder_environment)
    logger.info("%s -> %s", entry_name(args.export), args.output)


if __name__ == "__main__":
    run_stage(main)
