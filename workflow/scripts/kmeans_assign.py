#!/usr/bin/env python3
"""Units of every utterance of a shard, straight from its audio.

Encodes, normalises and assigns batch after batch, on the device of the encoder: dense
features of a corpus never touch the disk. A killed job goes on where it stopped.

Reads   a manifest, a codebook, the receipt of the encoder's weights if it has any, and the
        corpus' normalizer unless the encoder's `normalize` is `none`
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

from amela.cli import add_encoder, add_staging, parse_stage, run_stage, stage_parser

logger = logging.getLogger("kmeans_assign")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="utterances")
    add_encoder(parser)
    parser.add_argument("--codebook", type=Path, required=True, help="fitted on features of this encoder")
    parser.add_argument("--normalizer", type=Path, help="of this corpus and encoder")
    parser.add_argument("--output", type=Path, required=True, help="units to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.staging import staging
    from amela.audio.stamp import audio_stamp
    from amela.checkpoints.receipt import read_receipt
    from amela.encoders import backend_of, load_encoder
    from amela.io.journal import Journal
    from amela.io.ledger import Ledger
    from amela.io.manifest import read_manifest
    from amela.provenance import code_digest, file_sha256
    from amela.units.assign_shard import assign_shard
    from amela.units.quantizer import load_quantizer
    from amela.units.sequences import UnitShard, write_units
    from amela.units.stream import Stream

    checkpoint = read_receipt(args.checkpoint) if args.checkpoint else None
    encoder = load_encoder(args.encoder, checkpoint, bool(args.compile), args.gpu)
    quantizer = load_quantizer(args.encoder, encoder, args.codebook, args.normalizer, checkpoint)
    codebook = quantizer.codebook
    ledger = Ledger("kmeans_assign")
    with staging(args.stage, args.tmpdir) as stage:
        stream = Stream(encoder, stage.load, quantizer.units, args.batch_seconds)
        fingerprint = {
            "inputs": [file_sha256(path) for path in (args.manifest, args.normalizer) if path],
            "audio": audio_stamp(read_manifest(args.manifest)),
            "codebook": codebook.fingerprint,
            "batch_seconds": stream.batch_seconds,
            "device": str(encoder.device),
            "compile": args.compile,
            "code": code_digest("kmeans_assign", backend_of(args.encoder)[0]),
        }
        with Journal(args.output, fingerprint) as journal:
            pairs = list(assign_shard(read_manifest(args.manifest), stream, journal, ledger))
            ids, units = map(list, zip(*pairs)) if pairs else ([], [])
            write_units(args.output, UnitShard(ids, units, codebook.hop, codebook.k, codebook.fingerprint))
            ledger.write(args.rejected)
            journal.remove()
    logger.info("%d utterances, %d units, %d rejected", len(ids), sum(map(len, units)), len(ledger.rows))


if __name__ == "__main__":
    run_stage(main)
