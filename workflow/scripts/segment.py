#!/usr/bin/env python3
"""Cut the recordings of a shard into utterances of 16 kHz mono.

A recording no longer than keep_below stays whole; where its file already is 16 kHz mono,
that file is the utterance's, and nothing is written. Pieces shorter than min_duration with
no neighbour to join are noted in the ledger, as is every recording that gives nothing.

Reads   recordings (JSON Lines: id, path, bytes, …)
Writes  utterances (JSON Lines: audio_filepath, duration, id, offset, recording, start, end, …),
        the ledger of what was left out, and a folder of FLAC files: packs of an hour, or a file an utterance

Example
    python workflow/scripts/segment.py --recordings results/corpora/demo/inventory/shard-0.jsonl \\
        --segmentation '{"method": "silence", "keep_below": 30, "threshold": -40, "min_silence": 0.5,
            "seek_step": 1, "vad": null, "padding": 0.1, "min_duration": 2, "max_duration": 30, "max_gap": 1,
            "audio": "packs"}' \\
        --audio cuts/ --output utterances.jsonl --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("segment")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--recordings", type=Path, required=True, help="shard of an inventory")
    parser.add_argument("--segmentation", type=json_object, required=True, help="where to cut; vad: detector or null")
    parser.add_argument("--audio", type=Path, required=True, help="folder to write")
    parser.add_argument("--output", type=Path, required=True, help="utterances to write")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.decode import decode
    from amela.audio.files import open_files
    from amela.audio.packs import open_packs
    from amela.audio.segmentation import Segmentation
    from amela.audio.staging import staging
    from amela.audio.utterances import make_utterances, read_recordings
    from amela.io.atomic import open_atomic
    from amela.io.jsonl import json_line
    from amela.io.ledger import Ledger
    from amela.vad import load_detector

    open_folder = {"packs": open_packs, "files": open_files}[args.segmentation.pop("audio")]
    settings = Segmentation(**args.segmentation)
    detector = load_detector(settings.vad) if settings.method == "vad" else None
    ledger = Ledger("segment")
    n_recordings = n_utterances = n_texts = 0
    with staging(args.stage, args.tmpdir) as stage, open_atomic(args.output) as out, open_folder(args.audio) as folder:
        open_recording = partial(stage.read, reader=decode)
        for recording in read_recordings(args.recordings):
            n_recordings += 1
            with ledger.guard(recording["id"]):
                utterances = list(make_utterances(recording, settings, detector, folder, ledger, open_recording))
                out.writelines(json_line(utterance.to_row()) for utterance in utterances)
                n_utterances += len(utterances)
                n_texts += recording.get("text") is not None and all(u.text is None for u in utterances)
    ledger.write(args.rejected)
    if n_texts:
        logger.warning("%d transcripts left out: their recordings were cut, and a text has no times", n_texts)
    logger.info("%d recordings, %d utterances -> %s", n_recordings, n_utterances, args.output)


if __name__ == "__main__":
    run_stage(main)
