"""Looking at files."""

import itertools
import threading
import time

import pytest

from amela.corpus.listing import BATCH, LEAST_BYTES_PER_SECOND, THREADS, Look, answers, look_at, take_word


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(10 * LEAST_BYTES_PER_SECOND))
    return str(path)


@pytest.mark.parametrize(
    ("told", "seconds", "opened"),
    [
        (None, 7.0, 1),
        (10.0, 10.0, 0),
        (10.1, 7.0, 1),  # the file is too small for that: somebody wrote milliseconds
    ],
)
def test_a_header_is_read_where_the_table_does_not_tell(file, told, seconds, opened):
    asked = []
    assert look_at(file, told, lambda path: asked.append(path) or 7.0) == Look(10 * LEAST_BYTES_PER_SECOND, seconds)
    assert [str(path) for path in asked] == [file] * opened


def test_a_file_that_is_not_there(tmp_path):
    assert look_at(str(tmp_path / "gone.wav"), 3.0, pytest.fail) == Look(0, None, "No such file or directory")


def test_a_tables_word():
    assert take_word("nowhere.wav", 3.0) == Look(None, 3.0)
    assert take_word("nowhere.wav", None) == Look(None, None)


@pytest.mark.parametrize("n_items", [0, 1, BATCH, BATCH * 3 * THREADS + 5])
def test_answers_keep_the_order(n_items):
    def slow_at_first(number):
        time.sleep(0.01 if number == 0 else 0)
        return -number

    assert list(answers(slow_at_first, range(n_items))) == [-number for number in range(n_items)]


def test_only_a_few_items_are_under_way():
    items = itertools.count()
    found = answers(lambda item: item, items)
    assert next(found) == 0
    assert next(items) <= BATCH * (2 * THREADS + 1)
    found.close()


def test_several_files_are_asked_at_once():
    meeting = threading.Barrier(4, timeout=10)  # fails unless four threads wait at the same time
    found = answers(lambda item: item % BATCH or meeting.wait(), range(4 * BATCH))
    assert len(list(found)) == 4 * BATCH


def test_a_bug_in_a_thread_is_not_lost():
    with pytest.raises(ZeroDivisionError):
        list(answers(lambda item: 1 // item, [1, 0]))
