"""How loud a recording is, over time: gathered in one pass, kept in a few bytes a frame."""

from __future__ import annotations

import math
from typing import Iterable, Iterator, List

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.vad.energy import level_threshold

# Shape legend: M = milliseconds, T = frames of HOP.

MS = SAMPLE_RATE // 1000  # samples in a millisecond
FULL_SCALE = 32_768  # of int16
HOP = 10  # ms
LEVEL_FRAMES = 5  # frames in 50 ms, about the shortest that averages over the periods of a low voice


def peak_level(blocks: Iterable[np.ndarray]) -> float:
    """Level of the largest magnitude among int16 samples, in dBFS; -inf if all are 0."""
    peak = max((max(int(block.max()), -int(block.min())) for block in blocks if len(block)), default=0)
    return 20 * math.log10(peak / FULL_SCALE) if peak else -math.inf


def millisecond_energies(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Sum of squares of each millisecond.

    The recording is as many milliseconds long as pydub counts, ``round(1000 * seconds)``:
    zeros fill up a last half, less than that is left out.

    Args:
        blocks: consecutive samples, int16 (n,), of any size.

    Yields:
        (M,) float64, whole numbers: 16 squares are below 2**35.
    """
    rest = np.zeros(0, np.int16)
    n_samples = 0
    for block in blocks:
        n_samples += len(block)
        joined = np.concatenate([rest, block]) if len(rest) else block
        whole = len(joined) // MS * MS
        rest = joined[whole:]
        yield _energies(joined[:whole])
    if round(1000 * (n_samples / SAMPLE_RATE)) > n_samples // MS:
        yield _energies(np.pad(rest, (0, MS - len(rest))))


def _energies(samples: np.ndarray) -> np.ndarray:
    frames = samples.reshape(-1, MS).astype(np.float64)
    return np.einsum("ij,ij->i", frames, frames)


class Envelope:
    """Power of each frame of HOP; 1.4 MB an hour."""

    def __init__(self) -> None:
        self._parts: List[np.ndarray] = []
        self._rest = np.zeros(0)

    def watch(self, energies: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The energies of ``millisecond_energies``, unchanged."""
        for energies_M in energies:
            joined = np.concatenate([self._rest, energies_M])
            whole = len(joined) // HOP * HOP
            self._parts.append(joined[:whole].reshape(-1, HOP).sum(axis=1).astype(np.float32))
            self._rest = joined[whole:]
            yield energies_M

    def powers(self) -> np.ndarray:
        """(T,) float32 mean square, in squared int16 steps; the last frame may be shorter."""
        last = [self._rest.mean(keepdims=True) * HOP] if len(self._rest) else []
        return np.concatenate([np.zeros(0), *self._parts, *last]).astype(np.float32) / np.float32(HOP * MS)


def adaptive_threshold(powers_T: np.ndarray) -> float:
    """Level (dBFS) that parts speech from background, from the recording's own levels.

    p10 + max(6 dB, 0.35 · (p95 - p10)) of the levels of 50 ms, as the energy detector has it.
    Digital silence tells nothing about the room and is left out.

    Args:
        powers_T: of ``Envelope.powers``; at least one must not be 0.
    """
    starts = np.arange(0, len(powers_T), LEVEL_FRAMES)
    counts = np.minimum(len(powers_T) - starts, LEVEL_FRAMES)
    means = np.add.reduceat(powers_T.astype(np.float64), starts) / counts
    return level_threshold(10 * np.log10(means[means > 0] / FULL_SCALE**2))
