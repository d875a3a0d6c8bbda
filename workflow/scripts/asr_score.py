#!/usr/bin/env python3
"""Word and character error rates of a recogniser: each voice beside natural speech, with intervals.

Reads   merged tables of transcripts, one a voice (text: hypothesis; reference, speaker, age where known);
        the merged manifest, which tells what is missing in them
Writes  a table, TSV: voice, normaliser (whisper: English only; plain), group (all, speaker, age), value,
        speakers, utterances, missing, scored, kept, empty, words, characters, substitutions, deletions,
        insertions, wer, cer and added_wer (beyond natural speech), each with the low and high of its 95 % interval

Example
    python workflow/scripts/asr_score.py --output scores.tsv \\
        --manifest results/corpora/demo/merged/manifest.jsonl --transcripts \\
        natural=results/corpora/demo/merged/asr-pocketsphinx-natural.jsonl \\
        griffinlim=results/corpora/demo/merged/asr-pocketsphinx-griffinlim.jsonl
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Optional, Sequence, Tuple

from amela.cli import parse_stage, run_stage, stage_parser
from amela.errors import AmelaError
from amela.io.jsonl import read_jsonl

logger = logging.getLogger("asr_score")


def voice_and_table(text: str) -> Tuple[str, Path]:
    """argparse type: VOICE=PATH."""
    voice, equals, path = text.partition("=")
    if not (voice and equals and path):
        raise argparse.ArgumentTypeError(f"expected VOICE=PATH, got {text!r}")
    return voice, Path(path)


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument(
        "--transcripts", type=voice_and_table, nargs="+", required=True, metavar="VOICE=PATH",
        help="merged table of each voice; natural first, where it is to be compared with",
    )  # fmt: skip
    parser.add_argument("--manifest", type=Path, required=True, help="merged manifest of the corpus")
    parser.add_argument("--output", type=Path, required=True, help="TSV to write")
    args = parse_stage(parser, argv)

    from amela.eval.normalisers import normalisers
    from amela.eval.scores import NATURAL, score_voices, write_scores

    tables = {voice: read_jsonl(path) for voice, path in args.transcripts}
    if len(tables) < len(args.transcripts):
        raise AmelaError("a voice is named twice", ", ".join(voice for voice, _ in args.transcripts))
    if NATURAL in list(tables)[1:]:
        raise AmelaError("natural speech comes after a voice that is to be compared with it", todo="name it first")
    count = write_scores(args.output, score_voices(tables, normalisers(), read_jsonl(args.manifest)))
    logger.info("%d rows -> %s", count, args.output)


if __name__ == "__main__":
    run_stage(main)
