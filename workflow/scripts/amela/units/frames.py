"""The frames that a codebook is fitted on.

They are held in memory once, as float32: 4 · D bytes a frame, so 56 MB an hour of 39-d
features at 10 ms, 115 MB of 80-d; the fit adds about 12 MB an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from amela.errors import AmelaError
from amela.provenance import check_fingerprint
from amela.units.features import read_features
from amela.units.normalize import Normalizer, read_normalizer
from amela.units.sampling import prefix_length

# Shape legend: N = frames, D = feature dimension.


@dataclass(frozen=True)
class FitSample:
    """Normalised frames, how much speech they are, and what made them."""

    frames_ND: np.ndarray  # float32
    hours: float
    fingerprint: Dict[str, Any]  # of ``features.encoder_fingerprint``


def sample_frames(folders: Sequence[Tuple[Path, int]], hours: float) -> FitSample:
    """Frames of every corpus: from each shard the first utterances, up to its share of the hours.

    Args:
        folders: folder of ``encode`` and number of shards, of each corpus.
        hours: speech to take from each corpus.

    Raises:
        DataError: features or normalizers of different encoders, or a group without statistics.
        AmelaError: there is no frame at all.
    """
    parts: List[np.ndarray] = []
    seconds: List[float] = []
    made_by: Dict[str, Any] = {}
    for folder, shards in folders:
        for shard in range(shards):
            path = folder / f"shard-{shard}.features.parquet"
            sample = read_features(path)
            made_by = made_by or sample.fingerprint
            check_fingerprint(sample.fingerprint, made_by, path)
            if not shard:
                normalizer = _normalizer_of(folder, made_by)
            taken = prefix_length(sample.seconds, hours / shards)
            for group, features_TD in zip(sample.groups[:taken], sample.features):
                parts.append(normalizer.apply(group, features_TD) if normalizer else features_TD)
            seconds += sample.seconds[:taken]
    if not parts:
        raise AmelaError(
            "there is nothing to fit a codebook on",
            ", ".join(str(folder) for folder, _ in folders),
            "see the rejected utterances of the corpora in fit_on",
        )
    return FitSample(_stack(parts), sum(seconds) / 3600, made_by)


def _normalizer_of(folder: Path, made_by: Mapping[str, Any]) -> Optional[Normalizer]:
    if made_by["normalize"] == "none":
        return None
    normalizer = read_normalizer(folder / "normalizer.parquet")
    check_fingerprint(normalizer.fingerprint, made_by, normalizer.path)
    return normalizer


def _stack(parts: List[np.ndarray]) -> np.ndarray:
    """Concatenation that lets go of each part once it is copied. Empties ``parts``."""
    frames_ND = np.empty((sum(map(len, parts)), parts[0].shape[1]), dtype=np.float32)
    stop = len(frames_ND)
    while parts:
        part = parts.pop()
        frames_ND[stop - len(part) : stop] = part
        stop -= len(part)
    return frames_ND
