"""Statistics against a raster of milliseconds; cuts against a search over every pause."""

import random
from itertools import groupby

import pytest

from amela.vad.statistics import speech_ratio, speech_statistics, split_points, stretches


def random_speech(rng: random.Random, most: int) -> tuple:
    """Intervals on whole milliseconds, and the file's duration."""
    times = sorted(rng.sample(range(most), 2 * rng.randint(0, 12)))
    speech = [[start / 1000, end / 1000] for start, end in zip(times[::2], times[1::2])]
    return speech, (times[-1] + rng.choice([0, 1, 700]) if times else most) / 1000


def raster(speech, duration) -> dict:
    """Lengths in ms of the runs of speech (True) and of silence (False)."""
    cells = [False] * round(duration * 1000)
    for start, end in speech:
        for cell in range(round(start * 1000), round(end * 1000)):
            cells[cell] = True
    lengths = {True: [], False: []}
    for state, run in groupby(cells):
        lengths[state].append(len(list(run)))
    return lengths


@pytest.mark.parametrize("seed", range(40))
def test_statistics_agree_with_the_raster(seed):
    speech, duration = random_speech(random.Random(seed), 4_000)
    row, lengths = speech_statistics(speech, duration), raster(speech, duration)
    for name, state in (("spoken", True), ("nospch", False)):
        ms = lengths[state] or [0]
        expected = (max(ms) / 1000, min(ms) / 1000, sum(ms) / len(ms) / 1000)
        assert (row[f"max-{name}"], row[f"min-{name}"], row[f"avg-{name}"]) == pytest.approx(expected, abs=1e-6)
    assert row["spch-ratio"] == pytest.approx(sum(lengths[True]) / (duration * 1000), abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_stretches_add_up_to_the_file(seed):
    speech, duration = random_speech(random.Random(seed), 100_000)
    spoken, silent = stretches(speech, duration)
    assert sum(spoken) + sum(silent) == pytest.approx(duration, abs=1e-9)
    assert min(spoken + silent) > 0


def test_no_speech_all_speech_and_no_samples():
    assert speech_statistics([], 3.0) == {
        "max-spoken": 0.0,
        "min-spoken": 0.0,
        "avg-spoken": 0.0,
        "max-nospch": 3.0,
        "min-nospch": 3.0,
        "avg-nospch": 3.0,
        "spch-ratio": 0.0,
    }
    whole = speech_statistics([[0.0, 3.0]], 3.0)
    assert (whole["avg-spoken"], whole["max-nospch"], whole["spch-ratio"]) == (3.0, 0.0, 1.0)
    assert speech_ratio([], 0.0) == 0.0


def test_intervals_that_touch_have_no_pause_between_them():
    assert stretches([[1, 2], [2, 3]], 3) == ([1, 1], [1])


def oracle_splits(speech, duration) -> list:
    points, target = [], 30.0
    while target < duration:
        choices = []
        for left, right in zip(speech, speech[1:]):
            middle = (left[1] + right[0]) / 2
            if right[0] - left[1] >= 0.3 and abs(middle - target) <= 10:
                choices.append((abs(middle - target), middle))
        if choices:
            points.append(min(choices)[1])
        target = (points[-1] if choices else target) + 30.0
    return points


@pytest.mark.parametrize("seed", range(60))
def test_splits_agree_with_the_oracle(seed):
    rng = random.Random(seed)
    speech, time = [], 0.0
    for _ in range(rng.randint(0, 120)):
        start = time + rng.choice([0.1, 0.25, 0.5, 2.0, 25.0])
        time = start + rng.choice([0.5, 3.0, 8.0, 45.0])
        speech.append([start, time])
    assert split_points(speech, time) == pytest.approx(oracle_splits(speech, time), abs=1e-7)


def sentences(*pauses) -> list:
    """Speech from 0 to 200 s, broken by pauses."""
    edges = [0.0, *(time for pause in pauses for time in pause), 200.0]
    return [list(pair) for pair in zip(edges[::2], edges[1::2])]


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ([], []),
        ([(29, 30)], [29.5]),
        ([(24, 25), (33, 34)], [33.5]),  # nearest to 30
        ([(28, 29), (31, 32)], [28.5]),  # equally near: the earlier
        ([(30, 30.2)], []),  # shorter than 0.3 s
        ([(19, 20.5)], []),  # 10.25 s before the target
        ([(60.5, 61.5)], [61.0]),  # none at 30: found at the target after it
        ([(35, 36), (64, 65)], [35.5, 64.5]),  # the second target is 30 s after the first cut
    ],
)
def test_where_cuts_go(pauses, expected):
    assert split_points(sentences(*pauses), 200.0) == expected


def test_edges_of_a_file_are_not_cut():
    assert split_points([[35.0, 55.0]], 90.0) == []
    assert split_points([], 90.0) == []
