"""The codebook file: centroids, and what made them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping

import numpy as np
import pyarrow as pa

from amela.errors import DataError
from amela.io.table import read_table, write_table
from amela.units.sequences import split_lists

# Shape legend: K = units, D = feature dimension.

KIND = "codebook"
SCHEMA = pa.schema([("unit", pa.uint16()), ("centroid", pa.list_(pa.float32())), ("frames", pa.int64())])


@dataclass(frozen=True)
class Codebook:
    """Centroids in the space of normalised features."""

    centroids_KD: np.ndarray  # float32
    frames_K: np.ndarray  # frames of the sample that each unit has, int64
    fingerprint: Dict[str, Any]  # {"encoder", "hop", "dimension", "normalize", "sha256"}

    @property
    def k(self) -> int:
        """Number of units."""
        return len(self.centroids_KD)

    @property
    def hop(self) -> float:
        """Seconds a unit."""
        return self.fingerprint["hop"]


def make_codebook(centroids_KD: np.ndarray, frames_K: np.ndarray, made_by: Mapping[str, Any]) -> Codebook:
    """Codebook with its fingerprint: that of the encoder (``features.encoder_fingerprint``) and the centroids'."""
    return Codebook(centroids_KD, frames_K, {**made_by, "sha256": centroids_sha256(centroids_KD)})


def centroids_sha256(centroids_KD: np.ndarray) -> str:
    """Hex SHA-256 of the values, row by row, as little-endian float32."""
    return hashlib.sha256(np.ascontiguousarray(centroids_KD, dtype="<f4").tobytes()).hexdigest()


def write_codebook(path: Path, codebook: Codebook) -> None:
    """Write a codebook, whole or not at all."""
    columns = {"unit": range(codebook.k), "centroid": list(codebook.centroids_KD), "frames": codebook.frames_K}
    write_table(path, columns, SCHEMA, KIND, fingerprint=codebook.fingerprint)


def read_codebook(path: Path) -> Codebook:
    """Read what ``write_codebook`` wrote. Raises DataError when the centroids are not those of the fingerprint."""
    table, metadata = read_table(path, KIND)
    centroids_KD = np.stack(split_lists(table.column("centroid")))
    fingerprint = metadata["fingerprint"]
    if centroids_sha256(centroids_KD) != fingerprint["sha256"]:
        raise DataError("the centroids are not those of the fingerprint", path, "remove the file and fit it again")
    return Codebook(centroids_KD, table.column("frames").to_numpy(), fingerprint)
