"""Features of a sample of utterances: the file between encode and kmeans_fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

import numpy as np
import pyarrow as pa

from amela.encoders import backend_of
from amela.errors import AmelaError
from amela.io.table import read_table, write_table
from amela.provenance import code_digest, settings_digest
from amela.units.sequences import split_lists

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt

KIND = "features"
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("group", pa.string()),
        ("rank", pa.uint64()),
        ("seconds", pa.float64()),
        ("features", pa.list_(pa.float32())),
    ]
)
MAX_VALUES = 2**31 - 1  # values that the 32-bit offsets of one list column can count

# Shape legend: T = frames of an utterance, D = feature dimension.


def encoder_fingerprint(
    spec: Mapping[str, Any], hop: float, dimension: int, checkpoint: Optional[Receipt] = None
) -> Dict[str, Any]:
    """What features are made by: ``encoder`` digests the encoder's settings, the code of its backend and its weights.

    Weights count by their content: neither their name nor their place matters.
    """
    settings = {key: value for key, value in spec.items() if key != "checkpoint"}
    weights = {"weights": checkpoint.sha256} if checkpoint is not None else {}
    return {
        "encoder": settings_digest({**settings, **weights, "code": code_digest(backend_of(spec)[0])}),
        "hop": hop,
        "dimension": dimension,
        "normalize": spec.get("normalize", "none"),
    }


def as_numpy(features_TD: Any) -> np.ndarray:
    """Features as an array, wherever the encoder left them."""
    return features_TD if isinstance(features_TD, np.ndarray) else features_TD.cpu().numpy()


@dataclass
class FeatureSample:
    """Utterances in the order of sampling. Features are float32 (T, D), not normalised."""

    fingerprint: Dict[str, Any]  # of ``encoder_fingerprint``
    ids: List[str] = field(default_factory=list)
    groups: List[str] = field(default_factory=list)
    ranks: List[int] = field(default_factory=list)
    seconds: List[float] = field(default_factory=list)
    features: List[np.ndarray] = field(default_factory=list)

    def add(self, item: str, group: str, rank: int, features_TD: np.ndarray) -> None:
        """Take in one more utterance; its seconds are those of its frames."""
        self.ids.append(item)
        self.groups.append(group)
        self.ranks.append(rank)
        self.seconds.append(len(features_TD) * self.fingerprint["hop"])
        self.features.append(features_TD)


def write_features(path: Path, sample: FeatureSample) -> None:
    """Write a sample, whole or not at all."""
    sizes = [features_TD.size for features_TD in sample.features]
    if sum(sizes) > MAX_VALUES:
        raise AmelaError(
            f"a sample of {sum(sample.seconds) / 3600:.0f} h does not fit in one file",
            path,
            "give the corpus more shards, or the codebooks fewer fit_hours",
        )
    offsets = np.cumsum([0, *sizes], dtype=np.int64).astype(np.int32)
    values = np.concatenate([np.zeros(0, np.float32), *(features_TD.ravel() for features_TD in sample.features)])
    columns = {
        "id": sample.ids,
        "group": sample.groups,
        "rank": sample.ranks,
        "seconds": sample.seconds,
        "features": pa.ListArray.from_arrays(offsets, values),
    }
    made_by = sample.fingerprint
    write_table(path, columns, SCHEMA, KIND, dimension=made_by["dimension"], hop=made_by["hop"], fingerprint=made_by)


def read_features(path: Path) -> FeatureSample:
    """Read what ``write_features`` wrote; features are read-only views of one buffer."""
    table, metadata = read_table(path, KIND)
    flat = split_lists(table.column("features"))
    return FeatureSample(
        fingerprint=metadata["fingerprint"],
        ids=table.column("id").to_pylist(),
        groups=table.column("group").to_pylist(),
        ranks=table.column("rank").to_pylist(),
        seconds=table.column("seconds").to_pylist(),
        features=[values.reshape(-1, metadata["dimension"]) for values in flat],
    )
