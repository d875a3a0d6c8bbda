"""The journal: finished items survive a kill, and only those, and only of the same making."""

import dataclasses
import threading

import pytest

from amela.errors import AmelaError
from amela.io.holder import Holder
from amela.io.journal import Journal
from amela.io.lock import OutputLock

MADE_BY = {"model": "a", "settings": [1, 2]}
ROWS = [{"id": "é/1", "text": "\u2028 語"}, {"id": "b", "text": "\udcff"}, {"id": "c", "text": "line\nbreak"}]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "new" / "shard-0.jsonl"


def fill(output, rows=ROWS, made_by=MADE_BY):
    with Journal(output, made_by) as journal:
        for row in rows:
            journal.add(row)
    return journal.path


def take_over(output):
    """As another job does that holds this one for dead."""
    OutputLock(output).path.write_text(dataclasses.replace(Holder.here(), token="other").to_json(), encoding="utf-8")


def rows_of(output, made_by=MADE_BY):
    with Journal(output, made_by) as journal:
        return journal.rows


def test_finished_items_come_back(output):
    fill(output)
    assert rows_of(output) == {row["id"]: row for row in ROWS}


def test_a_row_is_on_the_disk_at_once(output):
    with Journal(output, MADE_BY) as journal:
        journal.add(ROWS[0])
        assert "語" in journal.path.read_text(encoding="utf-8")


def test_rows_before_and_after_a_restart_add_up(output):
    fill(output, ROWS[:1])
    fill(output, ROWS[1:])
    assert list(rows_of(output)) == [row["id"] for row in ROWS]


def test_a_torn_file_keeps_its_whole_lines_wherever_it_is_cut(output):
    path = fill(output)
    content = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for cut in range(len(content)):  # within characters too
        path.write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends)
        assert list(rows_of(output)) == [row["id"] for row in ROWS[: max(whole - 1, 0)]]
        fill(output, ROWS[max(whole - 1, 0) :])  # what was torn is gone, the rest can follow
        assert path.read_bytes() == content


@pytest.mark.parametrize("other", [{"model": "b", "settings": [1, 2]}, {"model": "a"}, {}])
def test_rows_made_by_something_else_are_thrown_away(output, other):
    fill(output, made_by=other)
    assert rows_of(output) == {}
    assert rows_of(output, other) == {}, "the old rows must not come back"


def test_fingerprints_are_compared_as_json(output):
    fill(output, made_by={"settings": (1, 2), "model": "a"})
    assert len(rows_of(output)) == 3


def test_a_damaged_file_is_an_empty_one(output):
    path = fill(output)
    path.write_bytes(path.read_bytes()[:-20] + bytes(19) + b"\n")
    assert rows_of(output) == {}
    fill(output)
    assert len(rows_of(output)) == 3


def test_remove(output):
    with Journal(output, MADE_BY) as journal:
        journal.add(ROWS[0])
        journal.remove()
        journal.remove()
    assert not journal.path.exists()
    assert rows_of(output) == {}


def second_writer(output):
    """Start a second job on the same output; returns its thread and what it will have found."""
    found = {}

    def work():
        with Journal(output, MADE_BY) as journal:
            found["rows"] = dict(journal.rows)
            journal.add({"id": "second"})
            found["file"] = journal.path.read_text(encoding="utf-8") if journal.path.exists() else None

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found


def test_a_second_writer_waits_and_goes_on_after_the_first(output):
    with Journal(output, MADE_BY) as journal:
        thread, found = second_writer(output)
        thread.join(0.2)
        assert thread.is_alive()
        journal.add(ROWS[0])
    thread.join(10)
    assert found["rows"] == {ROWS[0]["id"]: ROWS[0]}
    assert list(rows_of(output)) == [ROWS[0]["id"], "second"]


def test_a_writer_that_waited_for_a_finished_job_has_a_journal_of_its_own(output):
    with Journal(output, MADE_BY) as journal:
        journal.add(ROWS[0])
        thread, found = second_writer(output)
        thread.join(0.2)
        journal.remove()
    thread.join(10)
    assert found["rows"] == {}
    assert "second" in found["file"]
    assert list(rows_of(output)) == ["second"]


def test_an_error_keeps_the_journal(output):
    with pytest.raises(ValueError, match="bug"), Journal(output, MADE_BY) as journal:
        journal.add(ROWS[0])
        raise ValueError("bug")
    assert list(rows_of(output)) == [ROWS[0]["id"]]


def test_after_another_took_over_nothing_is_written_or_removed(output):
    with Journal(output, MADE_BY) as journal:
        journal.add(ROWS[0])
        take_over(output)
        before = journal.path.read_bytes()
        for write in (journal.check, lambda: journal.add(ROWS[1]), journal.remove):
            with pytest.raises(AmelaError, match="another took over"):
                write()
        assert journal.path.read_bytes() == before


def test_on_a_full_disk_the_lock_goes_and_the_rows_before_stay(output, room):
    journal = Journal(output, MADE_BY).__enter__()
    journal.add(ROWS[0])
    with room(journal.path.stat().st_size + 5):
        with pytest.raises(OSError, match="File too large") as raised:
            journal.add(ROWS[1])
        journal.__exit__(raised.type, raised.value, raised.tb)
    assert [path.name for path in output.parent.iterdir()] == [journal.path.name]
    assert list(rows_of(output)) == [ROWS[0]["id"]]
    fill(output, ROWS[1:])
    assert rows_of(output) == {row["id"]: row for row in ROWS}
