"""The table of speech probabilities, between the model and the thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

import numpy as np
import pyarrow as pa

from amela.errors import DataError
from amela.io.table import read_table, write_table

KIND = "speech-probabilities"
SCHEMA = pa.schema([("id", pa.string()), ("probabilities", pa.list_(pa.float32()))])


def write_probabilities(
    path: Path, probabilities: Mapping[str, np.ndarray], hop: float, detector: Mapping[str, Any]
) -> None:
    """Write utterance id → (T,) float32, whole or not at all.

    Args:
        hop: seconds a frame.
        detector: ``detector_fingerprint`` of what made them.
    """
    columns = {"id": list(probabilities), "probabilities": list(probabilities.values())}
    metadata = {"hop": hop, "backend": detector["backend"], "fingerprint": dict(detector)}
    write_table(path, columns, SCHEMA, KIND, **metadata)


def read_probabilities(path: Path) -> Tuple[Dict[str, np.ndarray], float, Dict[str, Any]]:
    """Utterance id → (T,) float32 in file order; hop in seconds; fingerprint.

    Raises:
        DataError: no such table, other columns, or an id stands twice.
    """
    table, metadata = read_table(path, KIND)
    if not table.schema.equals(SCHEMA):
        raise DataError(f"expected the columns {SCHEMA.names}, found {table.schema.names}", path)
    ids = table["id"].to_pylist()
    probabilities = dict(zip(ids, (row.values.to_numpy() for row in table["probabilities"])))
    if len(probabilities) != len(ids):
        raise DataError("an id stands twice", path)
    return probabilities, metadata["hop"], metadata["fingerprint"]
