#!/usr/bin/env python3
"""Speech again from the units of a shard, as long as the natural speech unless a vocoder predicts how long.

Reads   a manifest, the units of its utterances, a vocoder; of a pretrained one the receipt of
        its checkpoint, and the codebook of the units
Writes  a folder of FLAC files that mirrors the source's folders, the manifest of the
        resynthesis, the ledger of what could not be synthesised

A killed job goes on after the last finished utterance.

Example
    python workflow/scripts/resynth.py --manifest manifest/shard-0.jsonl --units units/mfcc-k100/shard-0.parquet \\
        --model vocoder.parquet --vocoder '{"backend": "griffinlim", "iterations": 32, "seed": 0}' \\
        --audio resynth/ --output resynth.jsonl --rejected rejected.jsonl
    python workflow/scripts/resynth.py --manifest manifest/shard-0.jsonl --units units/km2000/shard-0.parquet \\
        --model checkpoint.json --codebook codebook.parquet \\
        --vocoder '{"backend": "codehifigan", "speaker": "ex04", "style": "read-default", "durations": "natural"}' \\
        --audio resynth/ --output resynth.jsonl --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import write_manifest
from amela.provenance import code_digest, file_sha256
from amela.vocoder import BACKENDS, Origin, load_vocoder

logger = logging.getLogger("resynth")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="natural utterances")
    parser.add_argument("--units", type=Path, required=True, help="their units")
    parser.add_argument(
        "--model", type=Path, required=True, help="vocoder.parquet, or checkpoint.json of a pretrained one"
    )
    parser.add_argument("--codebook", type=Path, help="of the units, for a pretrained vocoder")
    parser.add_argument(
        "--codebook-checkpoint", type=Path, metavar="JSON", help="its receipt, if it was not fitted here"
    )
    parser.add_argument("--vocoder", type=json_object, required=True, help="backend and its options")
    parser.add_argument(
        "--batch-seconds", type=float, default=0.0, metavar="S",
        help="padded speech a batch, for a pretrained vocoder; 0: one utterance at a time on a CPU, more on a GPU",
    )  # fmt: skip
    parser.add_argument("--gpu", type=int, default=0, metavar="N", help="1: end where no GPU can be used")
    parser.add_argument("--audio", type=Path, required=True, help="folder to write")
    parser.add_argument("--output", type=Path, required=True, help="manifest to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    args = parse_stage(parser, argv)

    from amela.vocoder.resynthesis import Resynthesis, read_pairs

    origin = Origin(args.codebook, args.codebook_checkpoint) if args.codebook else None
    vocoder = load_vocoder(args.vocoder, args.model, origin, args.batch_seconds, args.gpu)
    pairs = read_pairs(args.manifest, args.units, vocoder)
    ledger = Ledger("resynth")
    fingerprint = {
        "inputs": [file_sha256(path) for path in (args.manifest, args.units, args.model)],
        "vocoder": args.vocoder,
        "batch_seconds": vocoder.batch_seconds,
        "code": code_digest("resynth", BACKENDS[args.vocoder["backend"]].partition(":")[0]),
    }
    with Journal(args.output, fingerprint) as journal:
        resynthesis = Resynthesis(args.audio, journal)
        rows = list(resynthesis.add_all(pairs, vocoder, ledger))
        resynthesis.finish()
        journal.check()
        write_manifest(args.output, rows)
        journal.check()
        ledger.write(args.rejected)
        journal.remove()
    logger.info("%d utterances -> %s, %d rejected", len(rows), args.audio, len(ledger.rows))


if __name__ == "__main__":
    run_stage(main)
