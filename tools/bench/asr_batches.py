"""How much of its batches is padding: durations drawn, three orders of the same utterances."""

from __future__ import annotations

from typing import Dict, List, Sequence

import numpy as np

TOGETHER = 16  # utterances a batch, where a batch is a number of them
MEDIAN, SPREAD = 6.0, 0.8  # of log-normal durations: s, and the standard deviation of their logarithms
SHORTEST, LONGEST = 0.1, 40.0  # s: what a recogniser takes; longer recordings have been cut

Batches = List[List[int]]  # of indices


def durations(n: int, seed: int = 0) -> np.ndarray:
    """(n,) seconds, log-normal: like cuts of spontaneous speech, many short ones and a long tail, in no order."""
    drawn = np.random.default_rng(seed).lognormal(np.log(MEDIAN), SPREAD, n)
    return drawn.clip(SHORTEST, LONGEST)


def file_order(seconds: Sequence[float]) -> Batches:
    """As many utterances as ever, as they come."""
    return [list(range(len(seconds))[start : start + TOGETHER]) for start in range(0, len(seconds), TOGETHER)]


def sorted_order(seconds: Sequence[float]) -> Batches:
    """As many utterances as ever, longest first."""
    order = sorted(range(len(seconds)), key=lambda index: -seconds[index])
    return [order[start : start + TOGETHER] for start in range(0, len(order), TOGETHER)]


def padding(batches: Batches, seconds: Sequence[float]) -> float:
    """The share of the batches' padded seconds that is not speech."""
    padded = sum(len(batch) * max(seconds[index] for index in batch) for batch in batches)
    return 1 - sum(seconds[index] for batch in batches for index in batch) / padded


def cost(batches: Batches, seconds: Sequence[float]) -> Dict[str, float]:
    """Of one way to make batches: how many, their padding, and the longest of each added up (s).

    The last is what generation is paid by where a step takes as long for one utterance as for many:
    a batch goes on until its longest utterance has its last word.
    """
    longest = sum(max(seconds[index] for index in batch) for batch in batches)
    largest = max(map(len, batches))
    return {"batches": len(batches), "padding": padding(batches, seconds), "longest": longest, "largest": largest}
