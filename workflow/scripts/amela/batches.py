"""Which utterances a model gets together: sorted by length, under a budget of padded seconds."""

from __future__ import annotations

import logging
import math
import os
from collections import deque
from typing import Callable, Iterable, Iterator, List, Sequence, TypeVar

from amela.errors import AmelaError, DeviceFull
from amela.io.manifest import Utterance

BATCHES_AHEAD = 3  # whose audio is decoded while the model has one
MOST_LOADERS = 4  # threads that decode audio: the cores of a job with a GPU

WINDOW_BATCHES = 16  # among so many batches' worth of utterances lengths are sorted: little padding, little waiting
WINDOW_SECONDS = 120.0  # of a window at least: what is finished at a time

logger = logging.getLogger("batches")
A = TypeVar("A")
B = TypeVar("B")


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


def loaders(device: object) -> int:
    """Threads that decode audio for a model: one beside a CPU, which has work enough."""
    return 1 if str(device) == "cpu" else min(MOST_LOADERS, len(os.sched_getaffinity(0)))


def ahead(items: Iterable[A], n_items: int = BATCHES_AHEAD) -> Iterator[A]:
    """The items, each begun while ``n_items`` before it are still under way."""
    begun: deque = deque()
    for item in items:
        begun.append(item)
        if len(begun) > n_items:
            yield begun.popleft()
    yield from begun


def in_halves(compute: Callable[[Sequence[A]], List[B]], batch: Sequence[A], todo: str) -> List[B]:
    """``compute(batch)``, one result an item; where the device is full, of one half and then of the other.

    Raises:
        AmelaError: one item alone is too much for the device; ``todo`` says what helps.
    """
    if not batch:
        return []
    try:
        return compute(batch)
    except DeviceFull as error:
        if len(batch) == 1:
            raise AmelaError(f"one item alone is too much: {error}", todo=todo) from None
        logger.warning("%s: its halves come one after the other", error)
    middle = len(batch) // 2
    return in_halves(compute, batch[:middle], todo) + in_halves(compute, batch[middle:], todo)
