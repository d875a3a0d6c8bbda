#!/usr/bin/env python3
"""Turn probabilities of speech into intervals and statistics.

Reads   utterances (JSON Lines of `segment`), their probabilities and the ledger of `vad_infer`
Writes  intervals (JSON Lines, and RTTM), a table of statistics (CSV), and a ledger, which is
        empty: whatever has probabilities has a row

Example
    python workflow/scripts/vad.py --utterances results/corpora/demo/segment/shard-0.jsonl \\
        --probabilities shard-0.probabilities.parquet --lost shard-0.probabilities.rejected.jsonl \\
        --settings '{"backend": "silero", "onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5,
                     "padding": 0.1, "aggressiveness": 2}' \\
        --output shard-0.jsonl --table shard-0.csv --rttm shard-0.rttm --rejected shard-0.rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic
from amela.io.jsonl import write_jsonl
from amela.io.ledger import Ledger
from amela.io.manifest import read_manifest
from amela.provenance import check_fingerprint
from amela.vad import detector_fingerprint
from amela.vad.join import joined, rejected_ids
from amela.vad.rttm import rttm_lines
from amela.vad.table import write_speech_table

logger = logging.getLogger("vad")
THRESHOLDS = ("onset", "offset", "min_on", "min_off", "padding")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--utterances", type=Path, required=True, help="utterances of the shard")
    parser.add_argument("--probabilities", type=Path, required=True, help="Parquet file of vad_infer")
    parser.add_argument("--lost", type=Path, required=True, help="ledger of vad_infer")
    parser.add_argument("--settings", type=json_object, required=True, help="settings of the detector, with thresholds")
    parser.add_argument("--output", type=Path, required=True, help="intervals to write (JSON Lines)")
    parser.add_argument("--table", type=Path, required=True, help="statistics to write (CSV)")
    parser.add_argument("--rttm", type=Path, required=True, help="intervals to write (RTTM)")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    args = parse_stage(parser, argv)

    from amela.vad.intervals import speech_intervals
    from amela.vad.probabilities import read_probabilities

    probabilities, hop, fingerprint = read_probabilities(args.probabilities)
    check_fingerprint(fingerprint, detector_fingerprint(args.settings), args.probabilities)
    thresholds = {key: args.settings[key] for key in THRESHOLDS}
    rows = []
    utterances = read_manifest(args.utterances)
    for utterance, probabilities_T in joined(utterances, probabilities, rejected_ids([args.lost]), args.probabilities):
        speech_N2 = speech_intervals(probabilities_T, hop, utterance.duration, **thresholds)
        row = {"id": utterance.id, "audio_filepath": utterance.audio_filepath, "duration": utterance.duration}
        rows.append({**row, "offset": utterance.offset, "speech": speech_N2.tolist()})
    write_jsonl(args.output, rows)
    write_speech_table(args.table, rows)
    with open_atomic(args.rttm) as out:
        out.writelines(line for row in rows for line in rttm_lines(row["id"], row["speech"]))
    Ledger("vad").write(args.rejected)
    logger.info("%d utterances, %d intervals -> %s", len(rows), sum(len(row["speech"]) for row in rows), args.output)


if __name__ == "__main__":
    run_stage(main)
