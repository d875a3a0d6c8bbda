"""Which utterances a codebook is fitted on.

The order is a hash of the utterance's id, so that it depends on nothing else: a smaller
sample is a prefix of a larger one, and no setting of a codebook makes features stale.
"""

from __future__ import annotations

import hashlib
from typing import Iterable, List, Sequence

from amela.io.manifest import Utterance

SALT = "amela sample 1"  # another salt is another sample: changing it changes every codebook


def sampling_rank(item: str) -> int:
    """Pseudo-random 64-bit number of an utterance's id; low ranks are sampled first."""
    return int.from_bytes(hashlib.sha256(f"{SALT}\n{item}".encode("utf-8", "surrogatepass")).digest()[:8], "big")


def sampling_order(utterances: Iterable[Utterance]) -> List[Utterance]:
    """Utterances by rank."""
    return sorted(utterances, key=lambda utterance: (sampling_rank(utterance.id), utterance.id))


def prefix_length(seconds: Sequence[float], hours: float) -> int:
    """How many of the first utterances reach ``hours``: the one that crosses the line is the last.

    All of them where they do not reach it; none for 0 h.
    """
    taken, total = 0, 0.0
    while taken < len(seconds) and total < hours * 3600:
        total += seconds[taken]
        taken += 1
    return taken
