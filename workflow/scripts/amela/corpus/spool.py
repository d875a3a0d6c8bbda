"""Tables on the disk for lists that may be longer than memory."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import contextmanager
from typing import Iterator

from amela.errors import AmelaError

CACHE_KIB = 8_192  # of a table that is kept in memory; a million short rows are some 200 MB


@contextmanager
def spool(*tables: str) -> Iterator[sqlite3.Connection]:
    """A database of its own in the folder for temporary files (TMPDIR), gone when the block ends.

    SQLite unlinks its file as soon as it is open, so that a killed job leaves nothing behind.

    Args:
        tables: statements that make its tables.

    Raises:
        AmelaError: that folder has no room.
    """
    database = sqlite3.connect("", isolation_level=None)
    try:
        # Nobody else sees it and nothing of it is kept: no journal, no transaction to undo.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{CACHE_KIB}"):
            database.execute(f"PRAGMA {setting}")
        for table in tables:
            database.execute(table)
        database.execute("BEGIN")
        yield database
    except sqlite3.OperationalError as error:
        if "full" not in str(error) and "disk" not in str(error):
            raise
        where = os.environ.get("SQLITE_TMPDIR") or tempfile.gettempdir()
        raise AmelaError(f"temporary tables: {error}", where, "make room, or set TMPDIR to a larger folder") from error
    finally:
        database.close()


def as_bytes(name: str) -> bytes:
    """A file name for a column of blobs: sorted as Python sorts, undecodable bytes and all."""
    return name.encode("utf-8", "surrogatepass")


def as_name(blob: bytes) -> str:
    """The opposite of ``as_bytes``."""
    return blob.decode("utf-8", "surrogatepass")
