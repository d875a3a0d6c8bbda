#!/usr/bin/env python3
"""Join utterances with their speech, and leave out what the corpus' limits exclude.

Reads   utterances (JSON Lines of `segment`), intervals of `vad`, the ledgers of both VAD stages
Writes  the manifest (JSON Lines): the utterances and their share of speech; a ledger with one
        row, marked as filtered, for each utterance that a limit takes out

Example
    python workflow/scripts/manifest.py --utterances results/corpora/demo/segment/shard-0.jsonl \\
        --speech results/corpora/demo/vad/shard-0.jsonl \\
        --lost results/corpora/demo/vad/shard-0.probabilities.rejected.jsonl \\
               results/corpora/demo/vad/shard-0.rejected.jsonl \\
        --limits '{"min_duration": 0.1, "max_duration": null, "min_speech": 0.0}' \\
        --output shard-0.jsonl --rejected shard-0.rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.jsonl import read_jsonl
from amela.io.ledger import Ledger
from amela.io.manifest import read_manifest, write_manifest
from amela.vad.join import joined, reason_to_leave_out, rejected_ids, with_speech

logger = logging.getLogger("manifest")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--utterances", type=Path, required=True, help="utterances of the shard")
    parser.add_argument("--speech", type=Path, required=True, help="intervals of vad (JSON Lines)")
    parser.add_argument("--lost", type=Path, nargs="+", required=True, help="ledgers of vad_infer and vad")
    parser.add_argument("--limits", type=json_object, required=True, help="min_duration, max_duration, min_speech")
    parser.add_argument("--output", type=Path, required=True, help="manifest to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    args = parse_stage(parser, argv)

    speech = {row["id"]: row["speech"] for row in read_jsonl(args.speech)}
    ledger = Ledger("manifest")
    kept = []
    for utterance, intervals in joined(read_manifest(args.utterances), speech, rejected_ids(args.lost), args.speech):
        utterance = with_speech(utterance, intervals)
        reason = reason_to_leave_out(utterance, args.limits)
        if reason is None:
            kept.append(utterance)
        else:
            ledger.reject(utterance.id, reason, filtered=True, recording=utterance.recording)
    write_manifest(args.output, kept)
    ledger.write(args.rejected)
    logger.info("%d utterances, %d left out -> %s", len(kept), len(ledger.rows), args.output)


if __name__ == "__main__":
    run_stage(main)
