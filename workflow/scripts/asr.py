#!/usr/bin/env python3
"""Transcribe the utterances of a shard, natural or resynthesised.

Reads   a manifest; where the voice activity detector found speech (--vad), to cut long
        utterances at pauses; weights, by their receipt (--checkpoint)
Writes  transcripts (JSON Lines: id, text, model; words with their times and segments where
        there are any), the ledger of what could not be transcribed

A killed job goes on after the last finished batch.

Example
    python workflow/scripts/asr.py --manifest shard-0.jsonl \\
        --asr '{"backend": "pocketsphinx", "max_hmms": 3000, "max_words": 5}' \\
        --output transcripts.jsonl --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Sequence

from amela.asr import Recogniser, backend_of, load_recogniser
from amela.checkpoints.receipt import read_receipt
from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser
from amela.io.journal import Journal
from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, read_manifest
from amela.provenance import code_digest, file_sha256

if TYPE_CHECKING:
    from amela.audio.load import Loader

logger = logging.getLogger("asr")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="utterances")
    parser.add_argument("--vad", type=Path, metavar="JSONL", help="speech intervals of the same utterances")
    parser.add_argument("--asr", type=json_object, required=True, help="backend, its options, overwrite")
    parser.add_argument("--checkpoint", type=Path, metavar="JSON", help="receipt of its weights, if it has any")
    parser.add_argument(
        "--batch-seconds", type=float, default=0.0, metavar="S", help="padded speech a batch; 0: as suits the device"
    )
    parser.add_argument("--gpu", type=int, default=0, metavar="N", help="1: end where no GPU can be used")
    parser.add_argument("--output", type=Path, required=True, help="transcripts to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.asr.transcripts import has_text, with_kept
    from amela.audio.staging import staging

    utterances = list(read_manifest(args.manifest))
    asked = [each for each in utterances if args.asr.get("overwrite", False) or not has_text(each)]
    logger.info("%d texts are in the manifest and are kept", len(utterances) - len(asked))
    checkpoint = read_receipt(args.checkpoint) if args.checkpoint else None
    recogniser = load_recogniser(args.asr, checkpoint, args.gpu) if asked else None
    ledger = Ledger("asr")
    made_by = fingerprint(args, asked, recogniser)
    with Journal(args.output, made_by) as journal, staging(args.stage, args.tmpdir) as stage:
        found = transcribed(args, asked, recogniser, stage.load, journal, ledger) if recogniser else []
        rows = list(with_kept(utterances, asked, found))
        journal.check()
        write_jsonl(args.output, rows)
        journal.check()
        ledger.sort(utterance.id for utterance in utterances)
        ledger.write(args.rejected)
        journal.remove()
    empty = sum(not row["text"] for row in rows)
    # Babble, or a bad vocoder, may well give none: merge looks at the whole corpus, and judges.
    logger.log(logging.WARNING if rows and empty == len(rows) else logging.INFO, "%d empty transcripts", empty)
    logger.info("%d transcripts -> %s, %d utterances or pieces rejected", len(rows), args.output, len(ledger.rows))


def fingerprint(args: Namespace, asked: Sequence[Utterance], recogniser: Optional[Recogniser]) -> Dict[str, Any]:
    """What makes the batches of a journal, and their outcomes."""
    from amela.audio.stamp import audio_stamp

    return {
        "manifest": file_sha256(args.manifest),
        "audio": audio_stamp(asked),
        "vad": args.vad and file_sha256(args.vad),
        "asr": args.asr,
        "model": recogniser and recogniser.model,
        "device": recogniser and str(recogniser.device),
        "batch_seconds": recogniser and (args.batch_seconds or recogniser.batch_seconds),
        "code": code_digest("asr", backend_of(args.asr).module),
    }


def transcribed(
    args: Namespace, asked: Sequence[Utterance], recogniser: Recogniser, load: Loader, journal: Journal, ledger: Ledger
) -> Iterator[Dict[str, Any]]:
    """Rows of what is to be transcribed; the log then says how long the recogniser waited for audio."""
    from amela.asr.stream import Stream
    from amela.asr.transcripts import transcribe_all

    speech = {row["id"]: row["speech"] for row in read_jsonl(args.vad)} if args.vad else None
    stream = Stream(recogniser, load, journal, args.batch_seconds)
    yield from transcribe_all(asked, stream, ledger, speech)
    logger.info("waited %.1f s for audio in %.1f s", stream.waited, stream.waited + stream.worked)


if __name__ == "__main__":
    run_stage(main)
