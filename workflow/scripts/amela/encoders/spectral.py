"""What the spectral encoders have in common: frames, limits, and no batches."""

from __future__ import annotations

from typing import Iterable, List, Optional, Sequence

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.samples import check_samples
from amela.encoders.frames import frame_count, hop_samples
from amela.encoders.mel import WINDOW

# Shape legend: N = samples, T = frames, D = dimension.


class SpectralEncoder:
    """Base class; ``features`` is left to the encoder."""

    dimension = 0
    receptive_field = WINDOW / SAMPLE_RATE
    chunk = 600.0  # seconds: bounds memory on recordings that nobody cut
    overlap = 1.0  # seconds: more than any window or difference reaches, so that chunks give what the whole gives
    batch_seconds = 0.0
    device = "cpu"

    def __init__(self, hop: float = 0.01) -> None:
        hop_samples(hop)  # refuses an impossible hop before the first utterance
        self.hop = hop

    def frames(self, n_samples: int) -> int:
        """T = ceil(N / hop)."""
        return frame_count(n_samples, self.hop)

    def check(self, samples_N: np.ndarray) -> None:
        """See ``amela.encoders.Encoder.check``: one sample is enough."""
        check_samples(samples_N)

    def moments(self, blocks: Iterable[np.ndarray]) -> None:
        """Nothing is normalised over an utterance."""

    def encode(self, batch: Sequence[np.ndarray], moments: Optional[Sequence[None]] = None) -> List[np.ndarray]:
        """See ``amela.encoders.Encoder.encode``."""
        return [self.features(samples_N) for samples_N in batch]

    def array(self, values: np.ndarray) -> np.ndarray:
        """NumPy's, as it is."""
        return values

    def features(self, samples_N: np.ndarray) -> np.ndarray:
        """Features of one utterance, float32, shape (T, D)."""
        raise NotImplementedError
