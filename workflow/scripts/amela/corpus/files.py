"""The files of a source, on the disk: sorted, selected, and told apart by their names."""

from __future__ import annotations

import marshal
import os
import sqlite3
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

from amela.corpus.spool import as_bytes, as_name, spool

TABLES = (
    "CREATE TABLE files (number INTEGER PRIMARY KEY, path BLOB, stem BLOB, item TEXT, row BLOB)",
    "CREATE TABLE beside (stem BLOB, rank INTEGER, PRIMARY KEY (stem, rank)) WITHOUT ROWID",
)
AT_ONCE = 500  # rows that are written together
INDEXES = ("CREATE INDEX stems ON files (stem, path)", "CREATE INDEX paths ON files (path)")
# Two seeks and no count: a file may be listed a million times.
SELECTED = """
    SELECT path, item, row, (SELECT min(rank) FROM beside WHERE beside.stem = files.stem),
        EXISTS (SELECT 1 FROM files AS other WHERE other.stem = files.stem AND other.path > files.path)
        OR EXISTS (SELECT 1 FROM files AS other WHERE other.stem = files.stem AND other.path < files.path)
        OR (stem != path AND EXISTS (SELECT 1 FROM files AS other WHERE other.path = files.stem))
    FROM files ORDER BY
"""


class File(NamedTuple):
    """A file that a source names, before anybody has looked at it."""

    path: str
    ambiguous: bool  # its path without the ending does not tell it apart
    item: Optional[str]  # what the ledger calls it
    row: Any
    beside: Optional[int]  # rank of the best of the files beside it

    def name(self, folder: str = "") -> str:
        """What it is called: its path below a folder, without the ending unless that tells two files apart.

        That is: unless another file has the same path without its ending, or has exactly that as its full path.
        """
        return path_below(self.path if self.ambiguous else os.path.splitext(self.path)[0], folder)


def path_below(path: str, folder: str) -> str:
    """``path`` relative to ``folder``; both are normalised."""
    start = os.path.join(folder, "") if folder else ""
    return path[len(start) :] if path.startswith(start) else os.path.relpath(path, folder)


class FileList:
    """Files of a source. Fill it, then go through it."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._added: List[Tuple[bytes, bytes, Optional[str], bytes]] = []

    def add(self, path: str, item: Optional[str] = None, row: Any = None) -> None:
        """One file more; ``row`` is anything that JSON could hold."""
        stem = os.path.splitext(path)[0]
        self._added.append((as_bytes(path), as_bytes(stem), item, marshal.dumps(row)))
        if len(self._added) == AT_ONCE:
            self._write()

    def _write(self) -> None:
        self._database.executemany("INSERT INTO files (path, stem, item, row) VALUES (?, ?, ?, ?)", self._added)
        self._added.clear()

    def add_beside(self, stem: str, rank: int) -> None:
        """A file that lies beside those of this path without ending; the lowest rank is the best."""
        self._database.execute("INSERT OR IGNORE INTO beside VALUES (?, ?)", (as_bytes(stem), rank))

    def leave_out(self, unwanted: Callable[[str], bool]) -> int:
        """Forget files by their path; returns how many."""
        self._write()
        self._database.create_function("unwanted", 1, lambda path: unwanted(as_name(path)))
        return self._database.execute("DELETE FROM files WHERE unwanted(path)").rowcount

    def in_order(self, by: str) -> Iterator[File]:
        """Files by ``number`` (as they were added) or by ``path``."""
        self._write()
        for index in INDEXES:
            self._database.execute(index)
        for path, item, row, beside, ambiguous in self._database.execute(SELECTED + by):
            yield File(as_name(path), bool(ambiguous), item, marshal.loads(row), beside)


@contextmanager
def file_list() -> Iterator[FileList]:
    """An empty list, gone with the block."""
    with spool(*TABLES) as database:
        yield FileList(database)
