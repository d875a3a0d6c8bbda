"""Log-mel encoder: 80 bands a frame. Its centroids can be heard (vocoder ``griffinlim``)."""

from __future__ import annotations

import numpy as np

from amela.encoders.frames import hop_samples
from amela.encoders.mel import BANDS, log_mel


class LogMelEncoder:
    """80 log-mel bands every ``hop`` seconds."""

    dimension = BANDS

    def __init__(self, hop: float = 0.01) -> None:
        hop_samples(hop)  # refuses an impossible hop before the first utterance
        self.hop = hop

    def encode(self, samples_N: np.ndarray) -> np.ndarray:
        """See ``amela.encoders.Encoder.encode``; D = 80."""
        return log_mel(samples_N, self.hop)
