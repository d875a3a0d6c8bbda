"""MFCC encoder: 13 cepstral coefficients with first and second differences.

Normalised by speaker and clustered into 50-100 units, these are the strongest features
that need no training; without that normalisation the units say who speaks rather than what.
"""
from __future__ import annotations

import librosa
import numpy as np

from amela.encoders.frames import hop_samples
from amela.encoders.mel import log_mel

# Shape legend: N = samples, T = frames, B = mel bands, D = dimension.

BANDS = 40
COEFFICIENTS = 13  # c0 (level) to c12
DELTA_WIDTH = 5  # frames of the polynomial fit behind a difference: two on each side


class MfccEncoder:
    """39 values every ``hop`` seconds: c0-c12, their slopes, their curvatures."""

    dimension = 3 * COEFFICIENTS

    def __init__(self, hop: float = 0.01) -> None:
        hop_samples(hop)  # refuses an impossible hop before the first utterance
        self.hop = hop

    def encode(self, samples_N: np.ndarray) -> np.ndarray:
        """See ``amela.encoders.Encoder.encode``; D = 39.

        Cepstra are the orthonormal DCT-II of the natural log-mel spectrum (Davis and
        Mermelstein 1980). Differences are Savitzky-Golay derivatives over 5 frames (a line,
        a parabola); before the first and after the last frame, that frame is repeated, so that
        a single frame has differences of 0.
        """
        log_mel_BT = log_mel(samples_N, self.hop, bands=BANDS).T
        cepstra_CT = librosa.feature.mfcc(S=log_mel_BT, n_mfcc=COEFFICIENTS, dct_type=2, norm="ortho")
        deltas = [
            librosa.feature.delta(cepstra_CT, width=DELTA_WIDTH, order=order, mode="nearest") for order in (1, 2)
        ]
        return np.ascontiguousarray(np.concatenate([cepstra_CT, *deltas]).T, dtype=np.float32)
