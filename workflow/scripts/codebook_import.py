#!/usr/bin/env python3
"""Bring a codebook that others fitted into AMELA's own form, after checks that it belongs to its encoder.

The encoder is built for what it says of itself: frame rate and dimension.

Reads   the receipts of the codebook and of the encoder's weights, and the files that they name
Writes  a codebook (Parquet)

Example
    python workflow/scripts/codebook_import.py --quantizer results/models/codebooks/gslm-k100/checkpoint.json --k 100 \\
        --encoder '{"backend": "fairseq", "layer": 6, "residual": "stream", "precision": "fp32", "normalize": "none", \\
                    "chunk": 40.0, "overlap": 5.0}' \\
        --checkpoint results/models/encoders/hubert-l6/checkpoint.json --output codebook.parquet
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("codebook_import")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--quantizer", type=Path, required=True, metavar="JSON", help="receipt of the codebook")
    parser.add_argument("--k", type=int, required=True, help="units that it must have")
    parser.add_argument("--encoder", type=json_object, required=True, help="backend and its settings, normalize")
    parser.add_argument("--checkpoint", type=Path, metavar="JSON", help="receipt of the encoder's weights, if any")
    parser.add_argument("--output", type=Path, required=True, help="codebook to write")
    args = parse_stage(parser, argv)

    from amela.checkpoints.receipt import read_receipt
    from amela.encoders import load_encoder
    from amela.units.codebook import write_codebook
    from amela.units.imported import import_codebook

    weights = read_receipt(args.checkpoint) if args.checkpoint else None
    quantizer = read_receipt(args.quantizer)
    codebook = import_codebook(quantizer, args.k, args.encoder, load_encoder(args.encoder, weights), weights)
    write_codebook(args.output, codebook)
    logger.info("%s: %d units, sha256 %s", quantizer.name, codebook.k, codebook.fingerprint["sha256"])


if __name__ == "__main__":
    run_stage(main)
