#!/usr/bin/env python3
"""Dense features of a corpus, a file an utterance, for tools that compare them (ABX).

Normalised as the encoder's `normalize` says. Meant for evaluation sets: an hour takes about
550 MB of 768 dimensions at 50 Hz. A killed job goes on where it stopped.

Reads   the manifest of every shard of a corpus, the receipt of the encoder's weights if it has
        any, and the corpus' normalizer unless the encoder's `normalize` is `none`
Writes  a folder of .npy or .pt files, float32 (frames, dimension), that mirrors the source's
        folders, with features.jsonl, export.json and rejected.jsonl; whole or not at all

Example
    python workflow/scripts/features.py --manifests results/corpora/demo/manifest --shards 4 \\
        --encoder '{"backend": "mfcc", "hop": 0.01, "normalize": "none"}' --format npy \\
        --max-rejected 0.05 --output features/
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import add_encoder, add_staging, parse_stage, run_stage, stage_parser
from amela.export import FEATURE_FORMATS

logger = logging.getLogger("features")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifests", type=Path, required=True, metavar="FOLDER", help="of shard-N.jsonl")
    parser.add_argument("--shards", type=int, required=True, help="how many there are")
    add_encoder(parser)
    parser.add_argument("--normalizer", type=Path, help="of this corpus and encoder")
    parser.add_argument("--format", choices=FEATURE_FORMATS, required=True, help="of the files")
    parser.add_argument("--max-rejected", type=float, required=True, help="share of the utterances (0-1)")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.staging import staging
    from amela.audio.stamp import audio_stamp
    from amela.checkpoints.receipt import read_receipt
    from amela.encoders import backend_of, load_encoder
    from amela.export.features import FeatureFolder, as_exported, counted, read_utterances
    from amela.export.folder import describe
    from amela.io.journal import Journal
    from amela.io.ledger import Ledger
    from amela.provenance import code_digest, file_sha256
    from amela.units.features import encoder_fingerprint
    from amela.units.stream import Stream

    utterances = read_utterances(args.manifests, args.shards)
    checkpoint = read_receipt(args.checkpoint) if args.checkpoint else None
    encoder = load_encoder(args.encoder, checkpoint, bool(args.compile), args.gpu)
    made_by = encoder_fingerprint(args.encoder, encoder.hop, encoder.dimension, checkpoint)
    ledger = Ledger("features")
    with staging(args.stage, args.tmpdir) as stage:
        stream = Stream(encoder, stage.load, as_exported(made_by, args.normalizer), args.batch_seconds)
        inputs = [args.manifests / f"shard-{shard}.jsonl" for shard in range(args.shards)]
        fingerprint = {
            "inputs": [file_sha256(path) for path in (*inputs, args.normalizer) if path],
            "audio": audio_stamp(utterances),
            "encoder": made_by,
            "format": args.format,
            "batch_seconds": stream.batch_seconds,
            "device": str(encoder.device),
            "compile": args.compile,
            "code": code_digest("features", backend_of(args.encoder)[0]),
        }
        with Journal(args.output, fingerprint) as journal:
            folder = FeatureFolder(args.output, journal, f".{args.format}")
            rows = list(folder.add_all(folder.placed(utterances, ledger), stream, made_by, ledger))
            ledger.sort(utterance.id for utterance in utterances)
            described = {"format": args.format, **made_by, **counted(rows, len(utterances), ledger)}
            folder.finish(rows, lambda part: describe(part, described, ledger, args.max_rejected))
            journal.remove()
    logger.info("%d utterances -> %s, %d rejected", len(rows), args.output, ledger.count)


if __name__ == "__main__":
    run_stage(main)
