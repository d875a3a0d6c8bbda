#!/usr/bin/env python3
"""Transcribe the utterances of a shard, natural or resynthesised.

Reads   a manifest
Writes  transcripts (JSON Lines: id, text, words with their times), the ledger of what
        could not be read

A killed job goes on after the last finished utterance.

Example
    python workflow/scripts/asr.py --manifest shard-0.jsonl \\
        --asr '{"backend": "pocketsphinx", "max_hmms": 3000, "max_words": 5}' \\
        --output transcripts.jsonl --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.asr import BACKENDS, load_recogniser
from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser
from amela.io.journal import Journal
from amela.io.jsonl import write_jsonl
from amela.io.ledger import Ledger
from amela.io.manifest import read_manifest
from amela.provenance import code_digest, file_sha256

logger = logging.getLogger("asr")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="utterances")
    parser.add_argument("--asr", type=json_object, required=True, help="backend and its options")
    parser.add_argument("--output", type=Path, required=True, help="transcripts to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.asr.transcripts import transcribe_all
    from amela.audio.staging import staging

    recogniser = load_recogniser(args.asr)
    ledger = Ledger("asr")
    fingerprint = {
        "manifest": file_sha256(args.manifest),
        "asr": args.asr,
        "code": code_digest("asr", BACKENDS[args.asr["backend"]].partition(":")[0]),
    }
    with Journal(args.output, fingerprint) as journal, staging(args.stage, args.tmpdir) as stage:
        rows = list(transcribe_all(read_manifest(args.manifest), recogniser, ledger, journal, stage.load))
        journal.check()
        write_jsonl(args.output, rows)
        journal.check()
        ledger.write(args.rejected)
        journal.remove()
    empty = sum(not row["text"] for row in rows)
    # Babble, or a bad vocoder, may well give none: the score counts them and judges.
    logger.log(logging.WARNING if rows and empty == len(rows) else logging.INFO, "%d empty transcripts", empty)
    logger.info("%d transcripts -> %s, %d rejected", len(rows), args.output, len(ledger.rows))


if __name__ == "__main__":
    run_stage(main)
