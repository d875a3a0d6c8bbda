"""Which utterances are encoded together: sorted by length, under a budget of padded seconds."""

from __future__ import annotations

import math
from typing import Iterable, Iterator, List, Sequence

from amela.io.manifest import Utterance

WINDOW_BATCHES = 16  # among so many batches' worth of utterances lengths are sorted: little padding, little waiting
WINDOW_SECONDS = 120.0  # of a window at least: what is finished at a time


def windows(
    utterances: Iterable[Utterance], batch_seconds: float, enough: float = math.inf
) -> Iterator[List[Utterance]]:
    """Consecutive utterances, as many as make ``WINDOW_BATCHES`` batches, or ``enough`` seconds.

    They depend on the utterances alone and not on what is finished already, so that a job
    that goes on after a kill makes the same batches.
    """
    wanted = max(WINDOW_SECONDS, min(enough, WINDOW_BATCHES * batch_seconds))
    window: List[Utterance] = []
    seconds = 0.0
    for utterance in utterances:
        window.append(utterance)
        seconds += utterance.duration
        if seconds >= wanted:
            yield window
            window, seconds = [], 0.0
    if window:
        yield window


def by_length(seconds: Sequence[float], batch_seconds: float) -> List[List[int]]:
    """Indices of items of similar length, in batches of at most ``batch_seconds`` with their padding.

    An item that is longer has a batch of its own; with 0 every item has, in the given order.
    """
    if batch_seconds <= 0:
        return [[index] for index in range(len(seconds))]
    batches: List[List[int]] = []
    for index in sorted(range(len(seconds)), key=lambda index: (seconds[index], index)):
        # sorted: the new item is the longest of its batch
        if batches and (len(batches[-1]) + 1) * seconds[index] <= batch_seconds:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
