#!/usr/bin/env python3
"""Make sure that a checkpoint is on this machine, verified, and write its receipt.

A checkpoint is a name of resources/checkpoints.tsv, a model of the Hugging Face hub
(org/name or org/name@revision), or the path of a file or folder. This is the only stage
that needs a network.

Reads   resources/checkpoints.tsv; the network, unless the files are here
Writes  --folder/NAME/* or the hub's cache; --output: the receipt (docs/formats.md)

Example
    python workflow/scripts/checkpoint.py --checkpoint hubert-base-ls960 \\
        --folder resources/checkpoints --output checkpoint.json
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser

logger = logging.getLogger("checkpoint")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--checkpoint", required=True, metavar="NAME", help="name, hub id org/name[@revision], or path")
    parser.add_argument("--registry", type=Path, metavar="TSV", help="default: resources/checkpoints.tsv of this clone")
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR", help="where files from urls go")
    parser.add_argument("--output", type=Path, required=True, metavar="JSON")
    args = parse_stage(parser, argv)

    from amela.checkpoints.fetch import fetch_checkpoint
    from amela.checkpoints.receipt import write_receipt
    from amela.checkpoints.registry import REGISTRY, read_registry

    content = fetch_checkpoint(args.checkpoint, read_registry(args.registry or REGISTRY), args.folder)
    for name, file in content["files"].items():
        logger.info("%s: %s, %d bytes, sha256 %s", name, file["path"], file["bytes"], file["sha256"])
    logger.info("checkpoint %s, licence: %s", content["name"], content["licence"] or "unknown, ask its makers")
    write_receipt(args.output, content)


if __name__ == "__main__":
    run_stage(main)
