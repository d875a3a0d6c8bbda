"""Griffin-Lim vocoder: mel centroids of the units, inverted. No training, no weights, no speaker."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterator, Tuple

import librosa
import numpy as np

from amela.audio import SAMPLE_RATE
from amela.encoders.frames import frame_count, hop_samples
from amela.encoders.mel import FMAX, FMIN, N_FFT, WINDOW, stft_padding
from amela.errors import DataError, Rejected
from amela.vocoder.centroids import read_vocoder

# Shape legend: N = samples, T = units, S = frames of the synthesis, K = units of the codebook,
# B = mel bands, F = frequency bins.

FRAME = 0.01  # s: frames of the synthesis are at most this far apart, so that windows overlap enough
BLOCK = 3_000  # frames (30 s) inverted at once: bounds memory on utterances that nobody cut
OVERLAP = 20  # frames over which two blocks fade into each other
PEAK = 0.98  # of full scale: louder utterances are turned down, never clipped
MAX_MISSING = 2  # units that an encoder may leave out at the end of an utterance
MOMENTUM = 0.99  # fast Griffin-Lim: Perraudin et al. 2013


class GriffinLimVocoder:
    """See ``amela.vocoder.Vocoder``; Griffin and Lim 1984."""

    def __init__(self, model: Path, iterations: int = 32, seed: int = 0) -> None:
        centroids = read_vocoder(model)
        self.hop = centroids.hop
        self.fingerprint = centroids.fingerprint
        self.iterations = iterations
        self.seed = seed
        # Inverting the K centroids once instead of every frame is what makes this quick.
        self.magnitudes_KF = invert_mel(centroids.log_mel_KB)

    def synthesise(self, units_T: np.ndarray, n_samples: int, name: str) -> np.ndarray:
        """See ``amela.vocoder.Vocoder.synthesise``."""
        if not len(units_T):
            raise Rejected("no units")
        repeats = max(1, round(self.hop / FRAME))
        frame = self.hop / repeats
        expected = frame_count(n_samples, self.hop)
        if abs(len(units_T) - expected) > MAX_MISSING:
            raise DataError(f"{len(units_T)} units, {expected} expected of {n_samples} samples", name)
        frames_S = np.repeat(units_T, repeats)[: frame_count(n_samples, frame)]
        frames_S = np.pad(frames_S, (0, frame_count(n_samples, frame) - len(frames_S)), mode="edge")
        return self._join(self.magnitudes_KF[frames_S].T, hop_samples(frame), stft_padding(n_samples, frame)[0], n_samples, _generator(self.seed, name))
