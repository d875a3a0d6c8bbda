"""What each unit sounds like: the mean log-mel spectrum of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pyarrow as pa

from amela.encoders.mel import BANDS, FLOOR, FMAX, FMIN, N_FFT, WINDOW
from amela.errors import AmelaError, DataError
from amela.io.table import read_table, write_table
from amela.provenance import check_fingerprint
from amela.units.sequences import split_lists
from amela.vocoder.durations import MAX_MISSING

# Shape legend: T = frames, K = units, B = mel bands.

KIND = "vocoder"
SCHEMA = pa.schema([("unit", pa.uint16()), ("log_mel", pa.list_(pa.float32())), ("frames", pa.int64())])
MEL = {"bands": BANDS, "n_fft": N_FFT, "window": WINDOW, "fmin": FMIN, "fmax": FMAX, "floor": FLOOR}


@dataclass(frozen=True)
class MelCentroids:
    """Log-mel spectrum of every unit of one codebook."""

    log_mel_KB: np.ndarray  # float32, natural logarithm of the power in each band
    frames_K: np.ndarray  # int64, how many frames it is the mean of; 0: the unit was never seen
    hop: float  # seconds a unit
    fingerprint: Dict[str, Any]  # of the units


class MelMeans:
    """Running means of the log-mel frames of each of ``k`` units, in float64."""

    def __init__(self, k: int) -> None:
        self.sums_KB = np.zeros((k, BANDS))
        self.power = 0.0  # of all frames, over all bands
        self.frames_K = np.zeros(k, dtype=np.int64)

    def add(self, units_T: np.ndarray, log_mel_TB: np.ndarray, where: object) -> None:
        """Take in one utterance; frames without a unit do not count.

        Raises DataError, naming ``where``, when there are not as many units as frames.
        """
        if abs(len(units_T) - len(log_mel_TB)) > MAX_MISSING:
            raise DataError(f"{len(units_T)} units for {len(log_mel_TB)} frames: units of other audio", where)
        frames = min(len(units_T), len(log_mel_TB))
        np.add.at(self.sums_KB, units_T[:frames], log_mel_TB[:frames])
        self.power += float(np.exp(log_mel_TB[:frames].astype(np.float64)).sum())
        self.frames_K += np.bincount(units_T[:frames], minlength=len(self.frames_K))

    def centroids(self) -> np.ndarray:
        """Means, float32 (K, B), all raised by one gain: together they have the power of the speech.

        A mean of logarithms lies below the logarithm of the mean, by 5 to 10 dB here. A unit
        that was never seen sounds like the mean of all frames: nothing is known of it, and which
        codebook centroids are near says little where the encoder's space is not spectral.

        Raises:
            AmelaError: no frames at all.
        """
        total = int(self.frames_K.sum())
        if not total:
            raise AmelaError("no speech to train a vocoder on", None, "let train_on name corpora with utterances")
        means_KB = self.sums_KB / np.maximum(self.frames_K, 1)[:, None]
        means_KB[self.frames_K == 0] = self.sums_KB.sum(axis=0) / total
        gain = np.log(self.power / float(self.frames_K @ np.exp(means_KB).sum(axis=1)))
        return (means_KB + gain).astype(np.float32)


def write_vocoder(path: Path, centroids: MelCentroids) -> None:
    """Write the centroids, whole or not at all."""
    columns = {
        "unit": range(len(centroids.log_mel_KB)),
        "log_mel": list(centroids.log_mel_KB),
        "frames": centroids.frames_K,
    }
    write_table(path, columns, SCHEMA, KIND, mel=MEL, hop=centroids.hop, fingerprint=centroids.fingerprint)


def read_vocoder(path: Path) -> MelCentroids:
    """Read what ``write_vocoder`` wrote. Raises DataError when another mel front end made it."""
    table, metadata = read_table(path, KIND)
    check_fingerprint(metadata["mel"], MEL, path)
    log_mel_KB = np.stack(split_lists(table.column("log_mel")))
    return MelCentroids(log_mel_KB, table.column("frames").to_numpy(), metadata["hop"], metadata["fingerprint"])
