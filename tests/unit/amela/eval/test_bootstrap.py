"""Mirrors workflow/scripts/amela/eval/bootstrap.py."""

import itertools
import random

import numpy as np
import pytest

from amela.eval import bootstrap
from amela.eval.bootstrap import intervals

ERRORS_AND_WORDS = np.array([[3, 50], [11, 40], [0, 31], [25, 62], [9, 17]])


def rate(sums_CB):
    return (sums_CB[0] / sums_CB[1])[None]


def test_all_draws_of_five_speakers():
    """Of 5 speakers there are 5**5 draws, all equally likely: their quantiles are what is estimated."""
    draws = [ERRORS_AND_WORDS[list(draw)].sum(0) for draw in itertools.product(range(5), repeat=5)]
    exact = sorted(errors / words for errors, words in draws)
    low, high = intervals(ERRORS_AND_WORDS, rate)[0]
    # Of 10,000 draws the share below a quantile has a deviation of 0.16 %: four of them, as ranks of the 3,125.
    slack = round(4 * 0.0016 * len(exact))
    assert exact[78 - slack] <= low <= exact[78 + slack]
    assert exact[3047 - slack] <= high <= exact[3047 + slack]
    assert exact[78 + slack] < exact[3047 - slack]


def test_another_implementation_finds_the_same():
    chance = random.Random(1)
    words = [chance.randint(20, 200) for _ in range(40)]
    errors = [chance.randint(0, count // 2) for count in words]
    drawn = []
    for _ in range(4_000):
        who = chance.choices(range(40), k=40)
        drawn.append(sum(errors[i] for i in who) / sum(words[i] for i in who))
    drawn.sort()
    low, high = intervals(np.array([errors, words]).T, rate)[0]
    assert (low, high) == pytest.approx((drawn[100], drawn[3_900]), abs=0.1 * (drawn[3_900] - drawn[100]))


def test_intervals_hold_the_true_rate_about_as_often_as_they_say():
    """Speakers differ more than their utterances: 400 words each at a rate of their own, 0.2 on average."""
    generator = np.random.default_rng(0)
    times = 150
    held = 0
    for _ in range(times):
        errors = generator.binomial(400, generator.beta(2, 8, size=30))
        low, high = intervals(np.stack([errors, np.full(30, 400)], axis=1), rate)[0]
        held += low <= 0.2 <= high
    assert 0.86 <= held / times <= 0.99  # 0.93 or so of 30 speakers, ± 2 deviations


def test_differences_are_of_the_same_draws():
    """A voice that adds 10 errors in 100 words to whatever the speaker had adds exactly that in every draw."""
    natural = np.array([1, 30, 7, 55])
    counts = np.stack([natural + 10, natural, np.full(4, 100)], axis=1)
    found = intervals(counts, lambda sums_CB: np.stack([sums_CB[0] - sums_CB[1], sums_CB[1]]) / sums_CB[2])
    assert found[0] == pytest.approx([0.1, 0.1], abs=1e-12)
    assert found[1, 0] < 0.1 < 0.4 < found[1, 1]


@pytest.mark.parametrize("units", [0, 1])
def test_one_speaker_has_no_interval(units):
    assert intervals(ERRORS_AND_WORDS[:units], rate) is None


def test_memory_is_bounded_and_changes_nothing(monkeypatch):
    whole = intervals(ERRORS_AND_WORDS, rate)
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 35)
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1_000)
    sizes = set()

    def watched(sums_CB):
        sizes.add(sums_CB.shape[1])
        return rate(sums_CB)

    parts = intervals(ERRORS_AND_WORDS, watched)
    assert sizes == {7, 1_000 % 7}
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 10**6)
    assert np.array_equal(parts, intervals(ERRORS_AND_WORDS, rate))
    assert parts == pytest.approx(whole, rel=0.2)
