"""Tables on the disk."""

import os
import sqlite3

import pytest

from amela.corpus.spool import as_bytes, as_name, spool
from amela.errors import AmelaError


def test_it_lives_as_long_as_the_block():
    with spool("CREATE TABLE x (a)") as database:
        database.executemany("INSERT INTO x VALUES (?)", ((n,) for n in range(1_000)))
        assert database.execute("SELECT sum(a) FROM x").fetchall() == [(499_500,)]
    with pytest.raises(sqlite3.ProgrammingError):
        database.execute("SELECT 1")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are listed by Linux alone")
def test_no_file_is_left_even_by_a_killed_job():
    with spool("CREATE TABLE x (a)") as database:
        database.executemany("INSERT INTO x VALUES (?)", (("x" * 1_000,) for _ in range(40_000)))  # more than is cached
        opened = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)]
        (own,) = [path for path in opened if "etilqs" in path]  # SQLite's temporary files
        assert own.endswith("(deleted)")


def _is_link(fd):
    return os.path.islink(f"/proc/self/fd/{fd}")


def test_a_full_disk_is_named():
    expected = r"temporary tables: database or disk is full — .* — make room"
    with pytest.raises(AmelaError, match=expected), spool("CREATE TABLE x (a)") as database:
        database.execute("PRAGMA max_page_count = 10")
        database.executemany("INSERT INTO x VALUES (?)", (("x" * 1_000,) for _ in range(1_000)))


def test_mistakes_are_no_full_disk():
    with pytest.raises(sqlite3.OperationalError, match="no such table"), spool() as database:
        database.execute("SELECT * FROM nowhere")


@pytest.mark.parametrize("name", ["a", "é", "caf\udce9", "\ud800", "a\0b", ""])
def test_names_survive(name):
    assert as_name(as_bytes(name)) == name
