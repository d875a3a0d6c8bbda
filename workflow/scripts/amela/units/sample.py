"""Unit sequences of many shards, one utterance at a time, as training data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import numpy as np

from amela.errors import AmelaError
from amela.provenance import check_fingerprint
from amela.units.sequences import deduplicate, read_units


@dataclass(frozen=True)
class UnitSample:
    """Utterances of the shards at ``paths`` of which ``share`` (0-1) is drawn.

    Which ones depends on their ids alone, so that the order of shards and what else the
    corpus holds do not matter.
    """

    paths: Tuple[Path, ...]
    runs_as_one: bool  # runs of one unit count as one unit
    share: float
    k: int
    hop: float  # seconds
    fingerprint: Dict[str, Any]  # of the codebook
    available: int  # units in all shards

    def sequences(self) -> Iterator[np.ndarray]:
        """Units of each drawn utterance (uint16, shape (T,)), in the order of the shards."""
        for path in self.paths:
            shard = read_units(path)
            for item, units_T in zip(shard.ids, shard.units):
                if drawn(item, self.share):
                    yield deduplicate(units_T)[0] if self.runs_as_one else units_T


def open_sample(paths: Sequence[Path], runs_as_one: bool, max_units: Optional[int] = None) -> UnitSample:
    """Sample of at most about ``max_units`` units (None: all of them).

    Raises:
        DataError: two shards hold units of different codebooks.
        AmelaError: there is not one unit.
    """
    first = read_units(paths[0])
    available = 0
    for path in paths:
        shard = read_units(path)
        check_fingerprint(shard.fingerprint, first.fingerprint, path)
        available += sum(len(deduplicate(units)[0]) if runs_as_one else len(units) for units in shard.units)
    if not available:
        raise AmelaError("no units to learn from", paths[0].parent, "look into the ledgers of the units")
    share = 1.0 if max_units is None else min(1.0, max_units / available)
    return UnitSample(tuple(paths), runs_as_one, share, first.k, first.hop, first.fingerprint, available)


def drawn(item: str, share: float) -> bool:
    """Whether an utterance is in a sample; an even draw by the digest of its id."""
    digest = hashlib.blake2b(item.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2.0**64
