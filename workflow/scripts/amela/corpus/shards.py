"""Divide items over shards so that each has about the same to do."""

from __future__ import annotations

import heapq
from typing import Iterable, Iterator, Tuple, TypeVar

Key = TypeVar("Key")


def assign_shards(items: Iterable[Tuple[Key, float]], n_shards: int) -> Iterator[Tuple[Key, int]]:
    """Shard of each item: heaviest first, each onto the shard that has least so far.

    The heaviest and the lightest shard then differ by no more than one item; of equal loads
    the shard of the lowest number is the next. Nothing but the loads is kept.
    Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17 (1969).

    Args:
        items: key and weight (at least 0) of each, the heaviest first.
        n_shards: at least 1.
    """
    loads = [(0.0, shard) for shard in range(n_shards)]
    for key, weight in items:
        load, shard = loads[0]
        yield key, shard
        heapq.heapreplace(loads, (load + weight, shard))
