"""Mirrors workflow/scripts/amela/batches.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amela.batches import WINDOW_SECONDS, ahead, by_length, in_halves, windows
from amela.errors import AmelaError, DeviceFull
from amela.io.manifest import Utterance

SECONDS = st.lists(st.floats(0.01, 50), max_size=60)


def utterances(seconds):
    return [Utterance(f"u{number}", "/u.wav", each) for number, each in enumerate(seconds)]


@given(SECONDS, st.floats(1, 100))
def test_every_item_is_in_one_batch_and_no_batch_is_over_the_budget(seconds, budget):
    batches = by_length(seconds, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(seconds)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(seconds[index] for index in batch) <= budget


@given(SECONDS)
def test_without_a_budget_one_after_the_other(seconds):
    assert by_length(seconds, 0) == [[index] for index in range(len(seconds))]


def test_alike_lengths_share_a_batch():
    assert by_length([1, 9, 1, 9, 1, 9], 18) == [[0, 2, 4], [1, 3], [5]]


@given(SECONDS, st.floats(0, 40))
def test_windows_are_consecutive_and_no_longer_than_needed(seconds, budget):
    given_ = utterances(seconds)
    cut = list(windows(given_, budget))
    assert [utterance for window in cut for utterance in window] == given_ and all(cut)
    wanted = max(WINDOW_SECONDS, 16 * budget)
    for window in cut[:-1]:
        total = sum(utterance.duration for utterance in window)
        assert wanted <= total and total - window[-1].duration < wanted


def test_no_window_is_much_longer_than_what_is_wanted():
    cut = windows(utterances([10.0] * 100), 600.0, 300.0)
    assert [len(window) for window in cut] == [30, 30, 30, 10]


def test_ahead_keeps_the_order_and_begins_early():
    begun = []

    def items():
        for number in range(5):
            begun.append(number)
            yield number

    each = ahead(items(), 2)
    assert next(each) == 0 and begun == [0, 1, 2]
    assert list(each) == [1, 2, 3, 4]


class Room:
    """Doubles numbers, ``room`` at a time."""

    def __init__(self, room):
        self.room, self.batches = room, []

    def __call__(self, batch):
        if len(batch) > self.room:
            raise DeviceFull(f"no room for {len(batch)}")
        self.batches.append(list(batch))
        return [2 * number for number in batch]


@pytest.mark.parametrize("room", [1, 2, 3, 7, 8])
def test_where_the_device_is_full_halves_give_the_same(room):
    compute = Room(room)
    assert in_halves(compute, range(7), "buy more") == [0, 2, 4, 6, 8, 10, 12]
    assert [number for batch in compute.batches for number in batch] == list(range(7))
    assert in_halves(compute, [], "buy more") == []


def test_an_item_that_never_fits_is_an_error_that_says_what_helps():
    with pytest.raises(AmelaError, match="one item alone is too much: no room for 1 — buy more"):
        in_halves(Room(0), range(4), "buy more")
