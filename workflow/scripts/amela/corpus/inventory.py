"""The inventory of a corpus: its recordings, divided into shards."""

from __future__ import annotations

import json
import os
import sqlite3
from functools import partial
from math import fsum
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Optional

from amela.corpus.directory import list_directory
from amela.corpus.listing import Listing, Looker
from amela.corpus.recordings import Recording
from amela.corpus.shards import assign_shards
from amela.corpus.source_table import list_table
from amela.corpus.spool import spool
from amela.errors import AmelaError, DataError
from amela.io.atomic import open_atomic
from amela.io.jsonl import json_line, write_lines
from amela.io.ledger import StreamedLedger

BYTES_PER_SECOND = 32_000  # 16 kHz, 16 bits: the guess where no header of the corpus can be read
TABLES = (
    "CREATE TABLE recordings (number INTEGER PRIMARY KEY, id TEXT, bytes INTEGER, seconds REAL, line TEXT)",
    "CREATE TABLE division (number INTEGER PRIMARY KEY, shard INTEGER)",
)
HEAVIEST_FIRST = "SELECT number, weight(seconds, bytes) AS weight FROM recordings ORDER BY weight DESC, id"
SHARD_WEIGHTS = "SELECT shard, sum(weight(seconds, bytes)) FROM division JOIN recordings USING (number) GROUP BY shard"
SHARD = "SELECT line FROM division JOIN recordings USING (number) WHERE shard = ? ORDER BY id"


def write_inventory(folder: Path, corpus: Dict[str, Any], look: Looker) -> Dict[str, Any]:
    """Write shards, ledger and summary into ``folder``; returns the summary.

    Memory does not grow with the number of recordings: lists lie in temporary tables.

    Args:
        corpus: source, include, exclude, shards.
        look: how to find size and seconds of a file.

    Raises:
        AmelaError: the source cannot be used, or has no recording.
        DataError: what was listed is neither in a shard nor in the ledger.
    """
    source = corpus["source"]
    with open_atomic(folder / "rejected.jsonl") as out:
        listing = Listing(corpus["include"], corpus["exclude"], StreamedLedger("inventory", out), look)
        written = write_shards(folder, list_source(source, listing), corpus["shards"])
    summary = {
        "source": source,
        "listed": listing.listed,
        "recordings": written["recordings"],
        "rejected": listing.ledger.count,
        "bytes": written["bytes"],
        "seconds": written["seconds"],
        "shard_seconds": written["shard_seconds"],
        "longest_seconds": written["longest_seconds"],
    }
    if summary["listed"] != summary["recordings"] + summary["rejected"]:
        raise DataError(
            "{listed} listed, but {recordings} recordings and {rejected} rejected".format(**summary), source
        )
    with open_atomic(folder / "summary.json") as out:
        out.write(json.dumps(summary, indent=2) + "\n")
    return summary


def list_source(source: str, listing: Listing) -> Iterator[Recording]:
    """Recordings of a directory or a table. Raises AmelaError if there are none."""
    if not os.path.exists(source):
        raise AmelaError("the source does not exist", os.path.abspath(source), "correct the corpus' `source`")
    return (list_directory if os.path.isdir(source) else list_table)(source, listing)


def write_shards(folder: Path, recordings: Iterable[Recording], n_shards: int) -> Dict[str, Any]:
    """Write ``shard-0.jsonl``, …, each sorted by id; returns how many recordings, bytes and seconds they hold.

    ``seconds`` are those that are known; ``shard_seconds`` and ``longest_seconds`` those that are to be expected.
    """
    with spool(*TABLES) as database:
        rows = ((found.id, found.bytes, found.seconds, json_line(found.to_row())) for found in recordings)
        database.executemany("INSERT INTO recordings (id, bytes, seconds, line) VALUES (?, ?, ?, ?)", rows)
        database.create_function("weight", 2, partial(weight, known=_known(database)))
        shards = assign_shards(database.execute(HEAVIEST_FIRST), n_shards)
        database.executemany("INSERT INTO division VALUES (?, ?)", shards)
        database.execute("CREATE INDEX shards ON division (shard)")
        count = sum(
            write_lines(folder / f"shard-{shard}.jsonl", (line for (line,) in database.execute(SHARD, (shard,))))
            for shard in range(n_shards)
        )
        seconds = fsum(value for (value,) in database.execute("SELECT seconds FROM recordings WHERE seconds NOT NULL"))
        ((n_bytes,),) = database.execute("SELECT coalesce(sum(bytes), 0) FROM recordings")
        expected = dict(database.execute(SHARD_WEIGHTS))
        ((longest,),) = database.execute("SELECT coalesce(max(weight(seconds, bytes)), 0) FROM recordings")
        return {
            "recordings": count,
            "bytes": n_bytes,
            "seconds": round(seconds, 3),
            "shard_seconds": [round(expected.get(shard, 0.0), 3) for shard in range(n_shards)],
            "longest_seconds": round(longest, 3),
        }


class Known(NamedTuple):
    """Sums of the recordings whose length is known."""

    count: int
    bytes: int
    seconds: float


def _known(database: sqlite3.Connection) -> Known:
    known = "FROM recordings WHERE seconds != 0"  # a header that says 0 s is no measure for others
    ((count, n_bytes),) = database.execute(f"SELECT count(*), coalesce(sum(bytes), 0) {known}")
    return Known(count, n_bytes, fsum(seconds for (seconds,) in database.execute(f"SELECT seconds {known}")))


def weight(seconds: Optional[float], n_bytes: Optional[int], known: Known) -> float:
    """Seconds of a recording; where nobody tells them, in proportion to its bytes, or as many as of the others."""
    if seconds is not None:
        return seconds
    if n_bytes is None:
        return known.seconds / known.count if known.count else 1.0
    rate = known.bytes / known.seconds if known.seconds else BYTES_PER_SECOND
    return n_bytes / max(rate, 1)
