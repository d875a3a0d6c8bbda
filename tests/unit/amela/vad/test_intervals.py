"""Intervals against a slow state machine in exact fractions, which shares no code with them."""

from fractions import Fraction

import numpy as np
import pytest

from amela.vad.intervals import speech_intervals

DEFAULTS = {"onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5, "padding": 0.1}
BARE = {"onset": 0.5, "offset": 0.35, "min_on": 0, "min_off": 0, "padding": 0}


def oracle(probabilities, hop, duration, onset, offset, min_on, min_off, padding) -> list:
    hop, duration, min_on, min_off, padding = (
        Fraction(str(value)) for value in (hop, duration, min_on, min_off, padding)
    )
    state, runs = False, []
    for frame, probability in enumerate(probabilities):
        was = state
        state = probability >= onset if not state else probability >= min(offset, onset)
        if state and not was:
            runs.append([frame * hop, None])
        if state:
            runs[-1][1] = min((frame + 1) * hop, duration)
    filled = []
    for start, end in runs:
        if start >= duration:
            continue
        if filled and (start - filled[-1][1] < min_off or start == filled[-1][1]):
            filled[-1][1] = end
        else:
            filled.append([start, end])
    kept = [(start, end) for start, end in filled if end - start >= min_on]
    padded = []
    for index, (start, end) in enumerate(kept):
        before = (kept[index - 1][1] + start) / 2 if index else Fraction(0)
        after = (end + kept[index + 1][0]) / 2 if index + 1 < len(kept) else duration
        padded.append((float(max(start - padding, before, 0)), float(min(end + padding, after, duration))))
    return padded


@pytest.mark.parametrize("seed", range(150))
def test_agrees_with_the_oracle(seed):
    rng = np.random.default_rng(seed)
    hop = rng.choice([0.016, 0.03, 0.032, 0.05])
    frames = int(rng.integers(0, 120))
    # held for some frames, as speech is; values on the thresholds are likely
    probabilities_T = np.repeat(rng.choice([0.1, 0.34, 0.35, 0.4, 0.5, 0.9], frames), rng.integers(1, 9, frames))
    duration = round(max(0.0, len(probabilities_T) * hop - rng.choice([0, 0.005, 0.0125])), 4)
    settings = {
        "onset": rng.choice([0.35, 0.5, 0.6]),
        "offset": rng.choice([0.2, 0.35, 0.5, 0.9]),
        # multiples of hops: runs that are exactly as long as asked for
        "min_on": round(rng.integers(0, 12) * hop, 4),
        "min_off": round(rng.integers(0, 20) * hop, 4),
        "padding": rng.choice([0, 0.01, 0.1, 0.5]),
    }
    found_N2 = speech_intervals(probabilities_T.astype(np.float64), hop, duration, **settings)
    expected = oracle(probabilities_T, hop, duration, **settings)
    assert found_N2.dtype == np.float64
    assert np.allclose(found_N2, np.array(expected).reshape(-1, 2), rtol=0, atol=1e-7)
    assert (np.diff(found_N2.ravel()) >= 0).all() and (found_N2 >= 0).all() and (found_N2 <= duration).all()


def test_between_the_thresholds_the_state_stays():
    probabilities_T = np.array([0.4, 0.5, 0.4, 0.35, 0.34, 0.4, 0.49, 0.5])
    assert speech_intervals(probabilities_T, 1.0, 8.0, **BARE).tolist() == [[1, 4], [7, 8]]


def test_gaps_are_filled_before_short_speech_is_dropped():
    probabilities_T = np.array([1.0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1])
    settings = {**BARE, "min_off": 2, "min_on": 2}
    assert speech_intervals(probabilities_T, 1.0, 11.0, **settings).tolist() == [[0, 5]]


def test_neighbours_share_the_middle_of_a_pause_too_short_for_both_paddings():
    probabilities_T = np.array([0.0, 1, 0, 0, 1, 0])
    settings = {**BARE, "padding": 5}
    assert speech_intervals(probabilities_T, 1.0, 6.0, **settings).tolist() == [[0, 3], [3, 6]]


@pytest.mark.parametrize(
    ("probabilities", "duration", "expected"),
    [
        ([], 0.0, []),
        ([0.9], 0.01, []),  # shorter than min_on
        ([0.9] * 100, 3.187, [[0.0, 3.187]]),  # the last frame reaches beyond the file
        ([0.1] * 100, 3.2, []),
    ],
)
def test_edges(probabilities, duration, expected):
    found_N2 = speech_intervals(np.array(probabilities, np.float32), 0.032, duration, **DEFAULTS)
    assert found_N2.shape == (len(expected), 2)
    assert found_N2.tolist() == expected


def test_a_higher_onset_adds_no_speech():
    probabilities_T = np.random.default_rng(0).random(2_000)

    def frames_of_speech(onset):
        found_N2 = speech_intervals(probabilities_T, 1.0, 2_000.0, **{**BARE, "onset": onset})
        return {frame for start, end in found_N2 for frame in range(int(start), int(end))}

    sets = [frames_of_speech(onset) for onset in (0.4, 0.6, 0.8, 0.99)]
    assert all(larger > smaller for larger, smaller in zip(sets, sets[1:]))
