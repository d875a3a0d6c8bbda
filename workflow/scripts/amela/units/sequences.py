"""Unit sequences: the file between k-means and everything that reads units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import pyarrow as pa

from amela.errors import DataError
from amela.io.table import read_table, write_table

KIND = "units"
SCHEMA = pa.schema([("id", pa.string()), ("units", pa.list_(pa.uint16()))])

# Shape legend: T = frames of an utterance, R = runs of equal units, R <= T.


@dataclass(frozen=True)
class UnitShard:
    """Units of one shard's utterances, in manifest order; ``units[i]`` is uint16, shape (T,)."""

    ids: List[str]
    units: List[np.ndarray]
    hop: float  # seconds a unit
    k: int  # size of the codebook: every unit is below
    fingerprint: Dict[str, Any]  # of the codebook, whole


def write_units(path: Path, shard: UnitShard) -> None:
    """Write one shard of units, whole or not at all."""
    columns = {"id": shard.ids, "units": shard.units}
    write_table(path, columns, SCHEMA, KIND, hop=shard.hop, k=shard.k, fingerprint=shard.fingerprint)


def read_units(path: Path) -> UnitShard:
    """Read what ``write_units`` wrote.

    Raises:
        DataError: no units file, an id that stands twice, or a unit beyond the codebook.
            Whether the units are those that the reader wants is for it to check
            (``amela.provenance.check_fingerprint``).
    """
    table, metadata = read_table(path, KIND)
    ids = table.column("id").to_pylist()
    if len(set(ids)) != len(ids):
        raise DataError("an id stands twice", path)
    units = split_lists(table.column("units"))
    k = metadata["k"]
    for item, units_T in zip(ids, units):
        if len(units_T) and int(units_T.max()) >= k:
            raise DataError(f"unit {int(units_T.max())} of {item!r} is not in a codebook of {k}", path)
    return UnitShard(ids, units, metadata["hop"], k, metadata["fingerprint"])


def split_lists(column: pa.ChunkedArray) -> List[np.ndarray]:
    """Each row of a list column as a NumPy view of its values (no copy, no Python numbers)."""
    rows: List[np.ndarray] = []
    for chunk in column.chunks:
        values = chunk.values.to_numpy(zero_copy_only=True)
        offsets = chunk.offsets.to_numpy()
        rows += [values[start:stop] for start, stop in zip(offsets[:-1], offsets[1:])]
    return rows


def deduplicate(units_T: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Runs of equal units.

    Returns:
        units_R: the unit of each run, dtype of the input (shape (R,)).
        run_lengths_R: its frames, int64; they add up to T.
    """
    units_T = np.asarray(units_T)
    if not len(units_T):
        return units_T, np.zeros(0, dtype=np.int64)
    starts_R = np.concatenate([[0], np.flatnonzero(units_T[1:] != units_T[:-1]) + 1])
    return units_T[starts_R], np.diff(starts_R, append=len(units_T))
