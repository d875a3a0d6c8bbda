"""Where a recording is silent: the cuts of ``pydub.silence``, from one pass in bounded memory.

pydub measures the level of every window of ``min_silence`` anew. Here the energy of a
window is the difference of two running sums; they are whole numbers, so that the ranges
are the same to the millisecond.
"""

from __future__ import annotations

import math
from typing import Iterable, List, Tuple

import numpy as np

from amela.audio.levels import FULL_SCALE, MS


def nonsilent_ranges(
    energies: Iterable[np.ndarray], threshold: float, min_silence: int, seek_step: int = 1
) -> np.ndarray:
    """Stretches between silences, as ``pydub.silence.detect_nonsilent`` finds them.

    A window of ``min_silence`` is silent if its level is at most ``threshold``. Windows
    begin at multiples of ``seek_step``, and one ends with the recording. Silent windows
    that overlap or touch, or are neighbours, make one silence.

    Args:
        energies: blocks of ``levels.millisecond_energies``, of any size.
        threshold: dBFS.
        min_silence: ms.
        seek_step: ms.

    Returns:
        (N, 2) int64 start and end in ms, ascending. Sums are exact up to 148 hours.
    """
    if min_silence < 1 or seek_step < 1:
        raise ValueError(f"min_silence and seek_step must be at least 1 ms, not {min_silence} and {seek_step}")
    search = _Search(threshold, min_silence, seek_step)
    for energies_M in energies:
        search.add(energies_M)
    return np.array(_between(search.finish(), search.length), np.int64).reshape(-1, 2)


class _Search:
    """Slides a window over a recording and joins the silent ones."""

    def __init__(self, threshold: float, size: int, step: int) -> None:
        # audioop's level is the root rounded down; root ≤ amplitude is sum < n · (⌊amplitude⌋ + 1)²
        amplitude = math.floor(10 ** (threshold / 20) * FULL_SCALE)
        self.limit = size * MS * (amplitude + 1) ** 2
        self.size = size
        self.step = step
        self.length = 0  # ms
        self._sums = np.zeros(1, np.int64)  # running sum of energies up to each of the last `size` ms
        self._last_is_silent = False
        self._ranges: List[List[int]] = []  # first and last start of the windows of each silence

    def add(self, energies_M: np.ndarray) -> None:
        sums = np.concatenate([self._sums, self._sums[-1] + np.cumsum(energies_M.astype(np.int64))])
        first = self.length + 1 - len(self._sums)  # ms that sums[0] belongs to
        self.length += len(energies_M)
        silent = sums[self.size :] - sums[: -self.size] < self.limit
        if len(silent):
            self._last_is_silent = bool(silent[-1])
        offset = -first % self.step
        self._join(first + offset + np.flatnonzero(silent[offset :: self.step]) * self.step)
        self._sums = sums[-self.size :]

    def _join(self, starts: np.ndarray) -> None:
        """Take in further silent windows, by their starts (ms, ascending)."""
        if not len(starts):
            return
        previous = self._ranges[-1][1] if self._ranges else -math.inf
        jumps = np.diff(starts, prepend=previous)
        breaks = np.flatnonzero((jumps != self.step) & (jumps > self.size))
        n_continuing = int(breaks[0]) if len(breaks) else len(starts)
        if n_continuing:
            self._ranges[-1][1] = int(starts[n_continuing - 1])
        last = np.append(breaks[1:], len(starts))[: len(breaks)] - 1
        self._ranges += np.stack([starts[breaks], starts[last]], axis=1).tolist()

    def finish(self) -> List[Tuple[int, int]]:
        """Silent ranges (ms) of what was added."""
        last_start = self.length - self.size
        if last_start % self.step and self._last_is_silent:
            self._join(np.array([last_start]))
        return [(first, last + self.size) for first, last in self._ranges]


def _between(silences: List[Tuple[int, int]], length: int) -> List[Tuple[int, int]]:
    starts = [0, *(end for _, end in silences)]
    ends = [*(start for start, _ in silences), length]
    return [(start, end) for start, end in zip(starts, ends) if start < end]
