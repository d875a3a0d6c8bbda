"""Features to mean 0 and deviation 1 over all frames of a speaker or a recording.

A group with little speech (a speaker with one short clip) is normalised by its own noisy
statistics all the same; ``short_groups`` names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

import numpy as np
import pyarrow as pa

from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance
from amela.io.table import read_table, write_table
from amela.provenance import check_fingerprint

# Shape legend: T = frames, D = feature dimension.

SUMS, NORMALIZER = "feature-sums", "normalizer"
VECTOR = pa.list_(pa.float64())
SUMS_SCHEMA = pa.schema([("group", pa.string()), ("frames", pa.int64()), ("sum", VECTOR), ("sum_of_squares", VECTOR)])
NORMALIZER_SCHEMA = pa.schema([("group", pa.string()), ("frames", pa.int64()), ("mean", VECTOR), ("deviation", VECTOR)])
SHORT = 10.0  # seconds of speech below which a group's statistics say more of its words than of its voice
DEVIATION_FLOOR = 1e-3  # of a feature that never changes (digital silence), in its own unit


def group_of(utterance: Utterance, normalize: str) -> str:
    """With whom an utterance is normalised: ``speaker NAME``, ``recording ID``, or "" for ``none``.

    ``normalize: speaker`` falls back to the recording where the speaker is unknown.
    """
    if normalize == "speaker":
        return utterance.speaker_or_recording
    if normalize == "recording":
        return f"recording {utterance.recording or utterance.id}"
    if normalize == "none":
        return ""
    raise AmelaError(f"unknown normalize: {normalize!r}; known: speaker, recording, none")


class FeatureSums:
    """Frames, sum and sum of squares of each group, in float64."""

    def __init__(self, fingerprint: Dict[str, Any]) -> None:
        self.fingerprint = fingerprint  # of ``features.encoder_fingerprint``
        self.groups: Dict[str, Tuple[int, np.ndarray, np.ndarray]] = {}

    def add(self, group: str, features_TD: np.ndarray) -> None:
        """Add the frames of one utterance."""
        sum_D = features_TD.sum(axis=0, dtype=np.float64)
        squares_D = np.einsum("td,td->d", features_TD, features_TD, dtype=np.float64)  # no copy in float64
        self._add(group, len(features_TD), sum_D, squares_D)

    def _add(self, group: str, frames: int, sum_D: np.ndarray, squares_D: np.ndarray) -> None:
        old = self.groups.get(group, (0, 0.0, 0.0))
        self.groups[group] = (old[0] + frames, old[1] + sum_D, old[2] + squares_D)

    def pool(self, other: FeatureSums) -> None:
        """Add another shard's sums."""
        for group, sums in other.groups.items():
            self._add(group, *sums)

    def write(self, path: Path) -> None:
        """Write the sums by group name."""
        names = sorted(self.groups)
        frames, sums, squares = zip(*(self.groups[name] for name in names)) if names else ((), (), ())
        columns = {"group": names, "frames": frames, "sum": list(sums), "sum_of_squares": list(squares)}
        write_table(path, columns, SUMS_SCHEMA, SUMS, fingerprint=self.fingerprint)


def pool_sums(paths: Iterable[Path]) -> FeatureSums:
    """Sums of all shards, added in the given order. Raises DataError when they are not of one encoder."""
    pooled = None
    for path in paths:
        table, metadata = read_table(path, SUMS)
        if pooled is None:
            pooled = FeatureSums(metadata["fingerprint"])
        check_fingerprint(metadata["fingerprint"], pooled.fingerprint, path)
        shard = FeatureSums(metadata["fingerprint"])
        for row in table.to_pylist():
            shard._add(row["group"], row["frames"], np.array(row["sum"]), np.array(row["sum_of_squares"]))
        pooled.pool(shard)
    if pooled is None:
        raise AmelaError("no sums to pool")
    return pooled


@dataclass(frozen=True)
class Normalizer:
    """Mean and deviation (float64, shape (D,)) of each group of one corpus."""

    statistics: Dict[str, Tuple[int, np.ndarray, np.ndarray]]  # group → frames, mean_D, deviation_D
    fingerprint: Dict[str, Any]
    path: Path

    def apply(self, group: str, features_TD: np.ndarray) -> np.ndarray:
        """Normalised float32 features. Raises DataError on a group without statistics."""
        if group not in self.statistics:
            raise DataError(f"no statistics for {group!r}", self.path, "remove the file, so that it is made again")
        _, mean_D, deviation_D = self.statistics[group]
        return ((features_TD - mean_D) / deviation_D).astype(np.float32)


def fit_normalizer(sums: FeatureSums) -> Dict[str, Tuple[int, np.ndarray, np.ndarray]]:
    """Frames, mean and population deviation (at least ``DEVIATION_FLOOR``) of each group, by group name."""
    statistics = {}
    for group in sorted(sums.groups):
        frames, sum_D, squares_D = sums.groups[group]
        mean_D = sum_D / frames
        variance_D = np.maximum(squares_D / frames - mean_D**2, 0.0)
        statistics[group] = (frames, mean_D, np.maximum(np.sqrt(variance_D), DEVIATION_FLOOR))
    return statistics


def write_normalizer(path: Path, sums: FeatureSums) -> Normalizer:
    """Fit, write and return the normalizer of a corpus."""
    statistics = fit_normalizer(sums)
    rows = [(group, *values) for group, values in statistics.items()]
    names = NORMALIZER_SCHEMA.names
    columns = dict(zip(names, map(list, zip(*rows)))) if rows else {name: [] for name in names}
    write_table(path, columns, NORMALIZER_SCHEMA, NORMALIZER, fingerprint=sums.fingerprint)
    return Normalizer(statistics, sums.fingerprint, path)


def read_normalizer(path: Path) -> Normalizer:
    """Read what ``write_normalizer`` wrote."""
    table, metadata = read_table(path, NORMALIZER)
    statistics = {
        row["group"]: (row["frames"], np.array(row["mean"]), np.array(row["deviation"])) for row in table.to_pylist()
    }
    return Normalizer(statistics, metadata["fingerprint"], path)


def normalizer_of(path: Optional[Path], made_by: Mapping[str, Any]) -> Optional[Normalizer]:
    """The normalizer of a corpus; None where an encoder has no ``normalize``.

    Args:
        made_by: fingerprint of the encoder.

    Raises:
        AmelaError: it wants a normalizer and none is given, or the reverse.
        DataError: the normalizer was made with another encoder.
    """
    if (path is None) != (made_by["normalize"] == "none"):
        raise AmelaError(f"normalize is {made_by['normalize']!r}, the normalizer is {path}")
    if path is None:
        return None
    normalizer = read_normalizer(path)
    check_fingerprint(normalizer.fingerprint, made_by, path)
    return normalizer


def short_groups(normalizer: Normalizer) -> List[str]:
    """Groups with less than ``SHORT`` seconds of speech."""
    frames = SHORT / normalizer.fingerprint["hop"]
    return [group for group, (count, _, _) in normalizer.statistics.items() if count < frames]
