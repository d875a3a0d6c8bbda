#!/usr/bin/env python3
"""Units of every utterance of a shard, straight from its audio.

Encodes, normalises and assigns one utterance after the other: dense features of a corpus
never touch the disk.

Reads   a manifest, a codebook, and the corpus' normalizer unless the encoder's `normalize` is `none`
Writes  units (Parquet), rejected utterances (JSON Lines)

Example
    python workflow/scripts/kmeans_assign.py --manifest shard-0.jsonl \\
        --encoder '{"backend": "mfcc", "hop": 0.01, "normalize": "speaker"}' \\
        --codebook codebook.parquet --normalizer normalizer.parquet \\
        --output units.parquet --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("kmeans_assign")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="utterances")
    parser.add_argument("--encoder", type=json_object, required=True, help="backend, hop, normalize")
    parser.add_argument("--codebook", type=Path, required=True, help="fitted on features of this encoder")
    parser.add_argument("--normalizer", type=Path, help="of this corpus and encoder")
    parser.add_argument("--output", type=Path, required=True, help="units to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.staging import staging
    from amela.io.ledger import Ledger
    from amela.io.manifest import read_manifest
    from amela.units.quantizer import load_quantizer
    from amela.units.sequences import UnitShard, write_units

    quantizer = load_quantizer(args.encoder, args.codebook, args.normalizer)
    codebook = quantizer.codebook
    shard = UnitShard([], [], codebook.hop, codebook.k, codebook.fingerprint)
    ledger = Ledger("kmeans_assign")
    with staging(args.stage, args.tmpdir) as stage:
        for utterance in read_manifest(args.manifest):
            with ledger.guard(utterance.id):
                shard.units.append(quantizer.units(utterance, stage.load(utterance)))
                shard.ids.append(utterance.id)
    write_units(args.output, shard)
    ledger.write(args.rejected)
    logger.info("%d utterances, %d units, %d rejected", len(shard.ids), sum(map(len, shard.units)), len(ledger.rows))


if __name__ == "__main__":
    run_stage(main)
