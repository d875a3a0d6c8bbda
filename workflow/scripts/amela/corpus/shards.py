"""Divide items over shards so that each has about the same to do."""

from __future__ import annotations

import heapq
from typing import List, Sequence


def assign_shards(weights: Sequence[float], keys: Sequence[str], n_shards: int) -> List[int]:
    """Shard of each item: heaviest first, each onto the shard that has least so far.

    The heaviest and the lightest shard then differ by no more than one item. Deterministic:
    equal weights go by key, equal loads by the shard's number.
    Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17 (1969).

    Args:
        weights: what each item costs, at least 0.
        keys: a unique name for each.
        n_shards: at least 1.
    """
    loads = [(0.0, shard) for shard in range(n_shards)]
    shards = [0] * len(weights)
    for index in sorted(range(len(weights)), key=lambda index: (-weights[index], keys[index])):
        load, shard = loads[0]
        shards[index] = shard
        heapq.heapreplace(loads, (load + weights[index], shard))
    return shards
