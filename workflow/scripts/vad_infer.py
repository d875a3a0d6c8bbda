#!/usr/bin/env python3
"""Run a voice activity detector over the utterances of a shard.

Reads   utterances (JSON Lines of `segment`) and their audio
Writes  probability of speech of each frame (Parquet), one row an utterance, in the same order;
        a ledger of the utterances that could not be read

Example
    python workflow/scripts/vad_infer.py --utterances results/corpora/demo/segment/shard-0.jsonl \\
        --detector '{"backend": "silero"}' --output shard-0.probabilities.parquet \\
        --rejected shard-0.probabilities.rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser
from amela.io.ledger import Ledger
from amela.io.manifest import read_manifest
from amela.vad import detector_fingerprint, load_detector

logger = logging.getLogger("vad_infer")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--utterances", type=Path, required=True, help="utterances of the shard")
    parser.add_argument("--detector", type=json_object, required=True, help="backend and what its model depends on")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.samples import to_int16
    from amela.audio.staging import staging
    from amela.vad.probabilities import write_probabilities

    detector = load_detector(args.detector)
    ledger = Ledger("vad_infer")
    probabilities = {}
    with staging(args.stage, args.tmpdir) as stage:
        for utterance in read_manifest(args.utterances):
            with ledger.guard(utterance.id, recording=utterance.recording):
                samples_N = to_int16(stage.load(utterance))
                probabilities[utterance.id] = detector.probabilities([samples_N])
    write_probabilities(args.output, probabilities, detector.hop, detector_fingerprint(args.detector))
    ledger.write(args.rejected)
    logger.info("%d utterances, %d rejected -> %s", len(probabilities), len(ledger.rows), args.output)


if __name__ == "__main__":
    run_stage(main)
