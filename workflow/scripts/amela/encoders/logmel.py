"""Log-mel encoder: 80 bands a frame. Its centroids can be heard (vocoder ``griffinlim``)."""

from __future__ import annotations

import numpy as np

from amela.encoders.mel import BANDS, log_mel
from amela.encoders.spectral import SpectralEncoder


class LogMelEncoder(SpectralEncoder):
    """80 log-mel bands every ``hop`` seconds."""

    dimension = BANDS

    def features(self, samples_N: np.ndarray) -> np.ndarray:
        """Float32, shape (T, 80)."""
        return log_mel(samples_N, self.hop)
