"""The VAD table: CSV, one line a file. Standard library only."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Dict, Iterable

from amela.io.atomic import open_atomic
from amela.vad.statistics import speech_statistics, split_points

COLUMNS = (
    "audio_filepath",
    "duration",
    "max-spoken",
    "min-spoken",
    "avg-spoken",
    "max-nospch",
    "min-nospch",
    "avg-nospch",
    "spch-ratio",
    "splits",
    "offset",
)


def table_row(row: Dict[str, Any]) -> Dict[str, Any]:
    """Line of the table for a row of speech intervals (``audio_filepath``, ``duration``, ``offset``, ``speech``)."""
    speech, duration = row["speech"], row["duration"]
    # bytes of a file name that are no UTF-8 arrive as lone surrogates, which no CSV can hold
    audio_filepath = row["audio_filepath"].encode("utf-8", "backslashreplace").decode("utf-8")
    splits = json.dumps(split_points(speech, duration))
    statistics = speech_statistics(speech, duration)
    place = {"audio_filepath": audio_filepath, "duration": duration, "offset": row["offset"]}
    return {**place, **statistics, "splits": splits}


def write_speech_table(path: Path, rows: Iterable[Dict[str, Any]]) -> None:
    """Write the table of these rows of speech intervals, whole or not at all."""
    with open_atomic(path) as out:
        table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(map(table_row, rows))
