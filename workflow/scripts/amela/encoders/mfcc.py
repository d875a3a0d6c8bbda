"""MFCC encoder: 13 cepstral coefficients with first and second differences.

Normalised by speaker and clustered into 50-100 units, these are the strongest features
that need no training; without that normalisation the units say who speaks rather than what.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dct
from scipy.ndimage import correlate1d

from amela.encoders.mel import log_mel
from amela.encoders.spectral import SpectralEncoder

# Shape legend: N = samples, T = frames, C = coefficients, D = dimension.

BANDS = 40
COEFFICIENTS = 13  # c0 (level) to c12
# First and second derivative, per frame, of the parabola that fits five frames best (Savitzky and Golay 1964).
SLOPE = np.array([-2, -1, 0, 1, 2]) / 10
CURVATURE = np.array([2, -1, -2, -1, 2]) / 7


class MfccEncoder(SpectralEncoder):
    """39 values every ``hop`` seconds: c0-c12, their slopes, their curvatures."""

    dimension = 3 * COEFFICIENTS

    def features(self, samples_N: np.ndarray) -> np.ndarray:
        """Float32, shape (T, 39).

        Cepstra are the orthonormal DCT-II of the natural log-mel spectrum (Davis and
        Mermelstein 1980). Before the first and after the last frame, that frame is repeated,
        so that a single frame has differences of 0.
        """
        cepstra_TC = dct(log_mel(samples_N, self.hop, bands=BANDS), type=2, norm="ortho", axis=1)[:, :COEFFICIENTS]
        slope_TC, curvature_TC = (
            correlate1d(cepstra_TC, weights, axis=0, mode="nearest") for weights in (SLOPE, CURVATURE)
        )
        return np.concatenate([cepstra_TC, slope_TC, curvature_TC], axis=1)
