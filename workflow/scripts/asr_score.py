#!/usr/bin/env python3
"""Word and character error rate of a corpus' transcripts, where its speech has references.

Reads   a merged table of transcripts (text: hypothesis; reference, where known)
Writes  a JSON object: utterances, with_reference, wer, cer, substitutions, deletions,
        insertions, words, empty; null where there is no reference

Example
    python workflow/scripts/asr_score.py \\
        --transcripts results/corpora/demo/merged/asr-pocketsphinx-natural.jsonl --output score.json
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic
from amela.io.jsonl import read_jsonl

logger = logging.getLogger("asr_score")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--transcripts", type=Path, required=True, help="merged table")
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    args = parse_stage(parser, argv)

    from amela.eval.error_rate import score_transcripts

    score = score_transcripts(read_jsonl(args.transcripts), args.transcripts)
    with open_atomic(args.output) as out:
        out.write(json.dumps(score, indent=2) + "\n")
    logger.info("%s", json.dumps(score))


if __name__ == "__main__":
    run_stage(main)
