"""Long utterances in pieces that a recogniser can hold, cut where it is quietest."""

from __future__ import annotations

from typing import Iterator, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE

FRAME = SAMPLE_RATE // 100  # samples: cuts fall on multiples of 10 ms
PAUSE = 20  # frames whose mean power tells how quiet a point is: 0.2 s


def chunks(samples_N: np.ndarray, max_seconds: float) -> Iterator[Tuple[int, int]]:
    """Bounds (start, stop), in samples, of pieces that cover the utterance without gap or overlap.

    No piece is longer than ``max_seconds``. The cut is the quietest point of the second
    half of the longest piece possible.
    """
    longest = round(max_seconds * SAMPLE_RATE)
    start = 0
    while len(samples_N) - start > longest:
        stop = start + _quietest(samples_N[start : start + longest])
        yield start, stop
        start = stop
    yield start, len(samples_N)


def _quietest(samples_N: np.ndarray) -> int:
    """Middle of the quietest 0.2 s of the second half; the first of equals."""
    first = len(samples_N) // 2 // FRAME * FRAME
    frames = (len(samples_N) - first) // FRAME
    power = np.square(samples_N[first : first + frames * FRAME], dtype=np.float64).reshape(frames, FRAME).mean(axis=1)
    total = np.cumsum(np.concatenate([[0.0], power]))
    return first + (int(np.argmin(total[PAUSE:] - total[:-PAUSE])) + PAUSE // 2) * FRAME
