"""The inventory of a corpus: its recordings, divided into shards."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Sequence

from amela.corpus.directory import list_directory
from amela.corpus.recordings import Recording
from amela.corpus.shards import assign_shards
from amela.corpus.source_table import list_table
from amela.errors import AmelaError
from amela.io.atomic import open_atomic
from amela.io.jsonl import write_jsonl
from amela.io.ledger import Ledger

BYTES_PER_SECOND = 32_000  # 16 kHz, 16 bits: the guess where no header of the corpus can be read


def list_source(source: str, include: Sequence[str], exclude: Sequence[str], ledger: Ledger) -> List[Recording]:
    """Recordings of a directory or a table. Raises AmelaError if there are none."""
    if not os.path.exists(source):
        raise AmelaError("the source does not exist", os.path.abspath(source), "correct the corpus' `source`")
    return (list_directory if os.path.isdir(source) else list_table)(source, include, exclude, ledger)


def write_inventory(
    folder: Path, source: str, n_shards: int, recordings: Sequence[Recording], ledger: Ledger
) -> Dict[str, Any]:
    """Write shards, ledger and summary into ``folder``; returns the summary."""
    ids = [recording.id for recording in recordings]
    shards: List[List[Recording]] = [[] for _ in range(n_shards)]
    for recording, shard in zip(recordings, assign_shards(weights(recordings), ids, n_shards)):
        shards[shard].append(recording)
    for number, shard_recordings in enumerate(shards):
        shard_recordings.sort(key=lambda recording: recording.id)
        write_jsonl(folder / f"shard-{number}.jsonl", (recording.to_row() for recording in shard_recordings))
    ledger.write(folder / "rejected.jsonl")
    summary = {
        "source": source,
        "listed": len(recordings) + len(ledger.rows),
        "recordings": len(recordings),
        "rejected": len(ledger.rows),
        "bytes": sum(recording.bytes for recording in recordings),
        "seconds": round(sum(recording.seconds or 0.0 for recording in recordings), 3),
    }
    with open_atomic(folder / "summary.json") as out:
        out.write(json.dumps(summary, indent=2) + "\n")
    return summary


def weights(recordings: Sequence[Recording]) -> List[float]:
    """Seconds of each recording; where the header does not tell, in proportion to its bytes."""
    known = [recording for recording in recordings if recording.seconds]
    seconds = sum(recording.seconds or 0.0 for recording in known)
    rate = sum(recording.bytes for recording in known) / seconds if seconds else BYTES_PER_SECOND
    return [
        recording.bytes / max(rate, 1) if recording.seconds is None else recording.seconds for recording in recordings
    ]
