"""From stretches of speech to pieces of a useful length: pad, split, pack, drop.

All times are whole milliseconds. N, M: pieces; 2: start and end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Tuple

import numpy as np

SMOOTHING = 200  # ms; the closure of a stop is shorter, a pause is longer
SHORTEST_SHARE = 4  # a part is at least max_duration / 4 long, so that half of max_duration is left to choose from


@dataclass(frozen=True)
class Limits:
    """What pieces must be like (ms)."""

    padding: int
    min_duration: int
    max_duration: int
    max_gap: int


@dataclass(frozen=True)
class Curve:
    """Where a cut does least harm: power or probability of speech, the lower the better."""

    values_T: np.ndarray
    hop: float  # ms a frame


def make_pieces(speech_N2: np.ndarray, length: int, curve: Curve, limits: Limits) -> Tuple[np.ndarray, np.ndarray]:
    """Pieces to keep, and those that remain too short.

    Args:
        speech_N2: (N, 2) int64 stretches of speech, ascending, disjoint.
        length: of the recording.
        curve: of the recording.
        limits: padding, shortest, longest, and longest pause inside a piece.

    Returns:
        kept (M, 2) and dropped (K, 2), int64, ascending. All are disjoint and together hold
        all speech; kept pieces are from min_duration to max_duration long.
    """
    pauses = speech_N2[1:, 0] - speech_N2[:-1, 1]
    padded_N2 = pad(speech_N2, length, limits.padding)
    pieces_M2, parents_M = split(padded_N2, curve, limits.min_duration, limits.max_duration)
    same_parent = parents_M[1:] == parents_M[:-1]
    gaps = np.zeros(len(same_parent), np.int64)
    gaps[~same_parent] = pauses
    packed = pack(pieces_M2, gaps, limits)
    too_short = packed[:, 1] - packed[:, 0] < limits.min_duration
    return packed[~too_short], packed[too_short]


def pad(speech_N2: np.ndarray, length: int, padding: int) -> np.ndarray:
    """Grow each stretch on both sides, within the recording; neighbours meet in the middle of a short pause."""
    middles = (speech_N2[1:, 0] + speech_N2[:-1, 1]) // 2
    starts = np.maximum(speech_N2[:, 0] - padding, np.append(0, middles)[: len(speech_N2)])
    ends = np.minimum(speech_N2[:, 1] + padding, np.append(middles, length)[: len(speech_N2)])
    return np.stack([starts, ends], axis=1)


def split(pieces_N2: np.ndarray, curve: Curve, min_duration: int, max_duration: int) -> Tuple[np.ndarray, np.ndarray]:
    """Cut what is longer than ``max_duration`` at the curve's lowest points, from left to right.

    A part is no shorter than ``min_duration``, nor than a quarter of ``max_duration``. Only
    where ``min_duration`` is more than half of ``max_duration`` may the last part have to be.

    Returns:
        (M, 2) int64 pieces, and (M,) the index of the piece that each comes from.
    """
    least = max(1, min_duration, max_duration // SHORTEST_SHARE)
    parts, parents = [], []
    for parent, (start, end) in enumerate(pieces_N2.tolist()):
        while end - start > max_duration:
            last = start + max_duration
            cut = lowest_point(curve, start + least, min(last, end - least) if end - start >= 2 * least else last)
            parts.append((start, cut))
            parents.append(parent)
            start = cut
        parts.append((start, end))
        parents.append(parent)
    return np.array(parts, np.int64).reshape(-1, 2), np.array(parents, np.int64)


def lowest_point(curve: Curve, first: int, last: int) -> int:
    """Time from ``first`` to ``last`` around which the smoothed curve is lowest; the latest of equals."""
    candidates = np.arange(math.ceil(first / curve.hop), math.floor(last / curve.hop) + 1)
    if not len(candidates):
        return (first + last) // 2
    half = max(1, round(SMOOTHING / 2 / curve.hop))
    begin = max(int(candidates[0]) - half, 0)
    values = curve.values_T[begin : int(candidates[-1]) + half].astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    left = np.clip(candidates - half - begin, 0, len(values))
    right = np.clip(candidates + half - begin, 0, len(values))
    means = (sums[right] - sums[left]) / np.maximum(right - left, 1)
    lowest = candidates[np.flatnonzero(means == means.min())[-1]]
    return min(max(round(float(lowest) * curve.hop), first), last)


def pack(pieces_N2: np.ndarray, gaps: np.ndarray, limits: Limits) -> np.ndarray:
    """Join pieces that are too short with a neighbour, across the smallest gap first.

    Two neighbours are joined where one of them is shorter than ``min_duration``, the gap
    is at most ``max_gap`` and they come to at most ``max_duration``. Joining only takes
    such chances away, so that one pass over the gaps in ascending order suffices.

    Args:
        pieces_N2: ascending, disjoint.
        gaps: (N - 1,) pause between each piece and the next.

    Returns:
        (M, 2) int64.
    """
    starts, ends = pieces_N2[:, 0].tolist(), pieces_N2[:, 1].tolist()
    first = list(range(len(starts)))  # piece with which the group begins that ends with piece i
    last = list(range(len(starts)))  # piece with which the group ends that begins with piece i
    joined = np.zeros(len(starts) + 1, bool)  # joined[i]: piece i and the one before
    for before in np.argsort(gaps, kind="stable").tolist():
        left, right = first[before], last[before + 1]
        shorter = min(ends[before] - starts[left], ends[right] - starts[before + 1])
        total = ends[right] - starts[left]
        if gaps[before] <= limits.max_gap and shorter < limits.min_duration and total <= limits.max_duration:
            joined[before + 1] = True
            first[right], last[left] = left, right
    return np.stack([pieces_N2[~joined[:-1], 0], pieces_N2[~joined[1:], 1]], axis=1)
