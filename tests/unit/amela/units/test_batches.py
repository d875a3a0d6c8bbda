"""Mirrors workflow/scripts/amela/units/batches.py."""

from hypothesis import given
from hypothesis import strategies as st

from amela.io.manifest import Utterance
from amela.units.batches import WINDOW_SECONDS, by_length, windows

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
