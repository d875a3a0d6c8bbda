"""From frame probabilities to stretches of speech."""

from __future__ import annotations

import numpy as np

# Shape legend: T = frames, N = intervals, 2 = start and end (seconds).

TOLERANCE = 1e-9  # seconds; a run of exactly min_on counts as long enough, whatever the rounding
DECIMALS = 7  # of seconds: a sample at 16 kHz is 0.0000625 s, so that times on samples stay exact


def speech_intervals(
    probabilities_T: np.ndarray,
    hop: float,
    duration: float,
    onset: float,
    offset: float,
    min_on: float,
    min_off: float,
    padding: float,
) -> np.ndarray:
    """Intervals of speech by hysteresis, cleaned of short pauses and short speech, then padded.

    In this order: speech begins at the first frame with probability >= ``onset`` and ends
    before the first with probability < ``offset``; pauses shorter than ``min_off`` are
    filled; speech shorter than ``min_on`` is dropped; each side grows by ``padding``,
    within the file. Neighbours that would overlap after padding meet in the middle of
    their pause. Times are rounded to 0.1 µs.

    Args:
        probabilities_T: (T,) probability of speech; frame i covers [i * hop, (i + 1) * hop).
        hop: seconds a frame.
        duration: seconds of the file; the last frame may reach beyond it.
        onset: speech begins at this probability.
        offset: speech ends below this probability; not above ``onset`` (then ``onset`` is taken).
        min_on: seconds; shorter speech is dropped.
        min_off: seconds; shorter pauses are filled. A pause is between two stretches of speech.
        padding: seconds added before and after.

    Returns:
        (N, 2) float64 seconds, ascending, not overlapping, inside [0, duration].

    Source:
        Binarisation of pyannote.audio (Bredin et al. 2020): onset, offset, minimal durations.
    """
    runs_N2 = _hysteresis_runs(np.asarray(probabilities_T), onset, min(offset, onset))
    intervals_N2 = np.minimum(runs_N2 * float(hop), duration)
    intervals_N2 = intervals_N2[intervals_N2[:, 1] > intervals_N2[:, 0]]
    intervals_N2 = _fill_gaps(intervals_N2, min_off)
    intervals_N2 = intervals_N2[intervals_N2[:, 1] - intervals_N2[:, 0] >= min_on - TOLERANCE]
    return _pad(intervals_N2, padding, duration)


def _hysteresis_runs(probabilities_T: np.ndarray, onset: float, offset: float) -> np.ndarray:
    """(N, 2) first frame and frame after the last of each run of speech.

    A frame at or above onset switches on, one below offset switches off, any other keeps
    the state of the last frame that switched.
    """
    on_T = probabilities_T >= onset
    switches_T = on_T | (probabilities_T < offset)
    last_switch_T = np.maximum.accumulate(np.where(switches_T, np.arange(len(on_T)), -1))
    speech_T = (last_switch_T >= 0) & on_T[last_switch_T]
    edges = np.flatnonzero(np.diff(speech_T.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2)


def _fill_gaps(intervals_N2: np.ndarray, min_off: float) -> np.ndarray:
    pauses = intervals_N2[1:, 0] - intervals_N2[:-1, 1]
    kept = pauses >= max(min_off - TOLERANCE, TOLERANCE)
    starts = intervals_N2[np.concatenate([[True], kept])[: len(intervals_N2)], 0]
    ends = intervals_N2[np.concatenate([kept, [True]])[: len(intervals_N2)], 1]
    return np.stack([starts, ends], axis=1)


def _pad(intervals_N2: np.ndarray, padding: float, duration: float) -> np.ndarray:
    padded_N2 = intervals_N2 + [-padding, padding]
    middles = (intervals_N2[1:, 0] + intervals_N2[:-1, 1]) / 2
    padded_N2[1:, 0] = np.maximum(padded_N2[1:, 0], middles)
    padded_N2[:-1, 1] = np.minimum(padded_N2[:-1, 1], middles)
    return np.clip(padded_N2.round(DECIMALS), 0.0, duration)
