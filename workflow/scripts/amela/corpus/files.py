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
    SELECT path, item, row, (SELECT min(rank) FROM beside WHERE beside.stem = files.stem), CASE
        WHEN EXISTS (SELECT 1 FROM files AS other WHERE other.stem = files.stem AND other.path > files.path) THEN path
        WHEN EXISTS (SELECT 1 FROM files AS other WHERE other.stem = files.stem AND other.path < files.path) THEN path
        WHEN stem != path AND EXISTS (SELECT 1 FROM files AS other WHERE other.path = files.stem) THEN path
        ELSE stem END
    FROM files ORDER BY
"""


class File(NamedTuple):
    """A file that a source names, before anybody has looked at it.

    It is called by its path without the ending, unless another file has the same path without
    its ending, or has exactly that as its full path; then by its full path.
    """

    path: str
    name: str
    item: Optional[str]  # what the ledger calls it
    row: Any
    beside: Optional[int]  # rank of the best of the files beside it


def path_below(path: str, folder: str) -> str:
    """``path`` relative to ``folder``; both are normalised."""
    start = folder if folder.endswith(os.sep) else folder + os.sep
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

    def common_folder(self) -> Optional[str]:
        """The deepest folder that holds every file; None if there are none."""
        self._write()
        ((first, last),) = self._database.execute("SELECT min(path), max(path) FROM files")
        # What begins the first and the last of sorted names begins all between.
        return None if first is None else os.path.dirname(os.path.commonprefix([as_name(first), as_name(last)]))

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
        for path, item, row, beside, name in self._database.execute(SELECTED + by):
            yield File(as_name(path), as_name(name), item, marshal.loads(row), beside)


@contextmanager
def file_list() -> Iterator[FileList]:
    """An empty list, gone with the block."""
    with spool(*TABLES) as database:
        yield FileList(database)
