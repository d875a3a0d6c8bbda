#!/usr/bin/env python3
"""Encode a shard: sums to normalise its features by, and the features of a sample.

The sample is what codebooks are fitted on: utterances in the order of a hash of their id,
until --hours are reached. Sums are taken over every utterance, unless the encoder's
`normalize` is `none`; then only the sample is encoded.

Reads   a manifest, and the receipt of the encoder's weights if it has any
Writes  features (Parquet), sums (Parquet), rejected utterances (JSON Lines)

Example
    python workflow/scripts/encode.py --manifest shard-0.jsonl --hours 2.5 \\
        --encoder '{"backend": "mfcc", "hop": 0.01, "normalize": "speaker"}' \\
        --output features.parquet --sums sums.parquet --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import add_encoder, add_staging, parse_stage, run_stage, stage_parser

logger = logging.getLogger("encode")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="utterances to encode")
    add_encoder(parser)
    parser.add_argument("--hours", type=float, required=True, help="speech to sample from this shard; 0: none")
    parser.add_argument("--output", type=Path, required=True, help="features of the sample, to write")
    parser.add_argument("--sums", type=Path, required=True, help="sums of every speaker or recording, to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.staging import staging
    from amela.checkpoints.receipt import read_receipt
    from amela.encoders import load_encoder
    from amela.io.ledger import Ledger
    from amela.io.manifest import read_manifest
    from amela.units.encoding import encode_shard
    from amela.units.features import as_numpy, encoder_fingerprint, write_features
    from amela.units.stream import Stream

    utterances = list(read_manifest(args.manifest))
    ledger = Ledger("encode")
    checkpoint = read_receipt(args.checkpoint) if args.checkpoint else None
    encoder = load_encoder(args.encoder, checkpoint, bool(args.compile), args.gpu)
    made_by = encoder_fingerprint(args.encoder, encoder.hop, encoder.dimension, checkpoint)
    with staging(args.stage, args.tmpdir) as stage:
        stream = Stream(encoder, stage.load, lambda _, features_TD: as_numpy(features_TD), args.batch_seconds)
        sample, sums = encode_shard(utterances, stream, made_by, args.hours, ledger)
    write_features(args.output, sample)
    sums.write(args.sums)
    ledger.write(args.rejected)
    logger.info(
        "%d utterances: %d sampled (%.2f h), %d groups, %d rejected",
        len(utterances),
        len(sample.ids),
        sum(sample.seconds) / 3600,
        len(sums.groups),
        len(ledger.rows),
    )


if __name__ == "__main__":
    run_stage(main)
