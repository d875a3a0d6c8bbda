"""Griffin-Lim vocoder: mel centroids of the units, inverted.

It needs no training worth the name and no weights. The speech is a whisper-like average of
all speakers, without pitch: good for a first listen and for tests, no match for a trained vocoder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import List, Sequence

import numpy as np

from amela.encoders.frames import frame_count, hop_samples
from amela.encoders.mel import mel_filters
from amela.vocoder import Item
from amela.vocoder.centroids import read_vocoder
from amela.vocoder.durations import check_duration
from amela.vocoder.phase import griffin_lim

# Shape legend: N = samples, T = units, S = frames of the synthesis, K = units of the codebook,
# B = mel bands, F = frequency bins, P = taps of the smoothing, H = samples a frame.

FRAME = 0.01  # s: frames of the synthesis are about this far apart, so that windows overlap enough
# Over frames, of log magnitudes: units cut sound into steps. With a triangle of 5 frames, a
# recogniser missed 61 % of the words; with 3 frames 64 %, with 7 frames 75 %, without 67 %.
SMOOTHING_P = np.array([1, 2, 3, 2, 1], dtype=np.float32) / 9
BLOCK = 3_000  # frames (30 s) inverted at once: bounds memory on utterances that nobody cut
FADE = 20  # frames over which one block turns into the next
PEAK = 0.98  # of full scale: what would be louder is turned down, never clipped
LEAST_MAGNITUDE = 1e-7  # far below the mel floor: keeps the logarithm finite


def invert_mel(log_mel_KB: np.ndarray) -> np.ndarray:
    """Log magnitudes of a short-time spectrum with these mel bands, float32 (K, F).

    The power of least norm that has the mel bands, without its negative parts; on centroids
    of speech these cost 0.003 of a natural logarithm, as does a non-negative fit.
    """
    power_KF = np.exp(log_mel_KB.astype(np.float64)) @ np.linalg.pinv(mel_filters().astype(np.float64)).T
    return np.log(np.sqrt(np.maximum(power_KF, LEAST_MAGNITUDE**2))).astype(np.float32)


class GriffinLimVocoder:
    """See ``amela.vocoder.Vocoder``."""

    device = "cpu"
    batch_seconds = 0.0  # it has no use for batches

    def __init__(self, model: Path, iterations: int = 32, seed: int = 0) -> None:
        centroids = read_vocoder(model)
        self.hop = centroids.hop
        self.fingerprint = centroids.fingerprint
        self.iterations = iterations
        self.seed = seed
        self._log_magnitudes_KF = invert_mel(centroids.log_mel_KB)  # once, not frame by frame

    def check(self, item: Item) -> None:
        """See ``amela.vocoder.Vocoder.check``."""
        check_duration(item, self.hop)

    def synthesise(self, batch: Sequence[Item]) -> List[np.ndarray]:
        """See ``amela.vocoder.Vocoder.synthesise``."""
        return [self._speech(*item) for item in batch]

    def _speech(self, units_T: np.ndarray, n_samples: int, name: str) -> np.ndarray:
        repeats = max(1, round(self.hop / FRAME))
        n_frames = frame_count(n_samples, self.hop / repeats)
        units_S = np.repeat(units_T, repeats)[:n_frames]
        units_S = np.pad(units_S, (0, n_frames - len(units_S)), mode="edge")
        samples_N = self._invert(units_S, hop_samples(self.hop / repeats), _generator(self.seed, name))[:n_samples]
        return samples_N * np.float32(PEAK / max(PEAK, float(np.abs(samples_N).max(initial=0))))

    def _invert(self, units_S: np.ndarray, step: int, rng: np.random.Generator) -> np.ndarray:
        """Signal of S·H samples, block by block."""
        samples_N = np.zeros(len(units_S) * step, dtype=np.float32)
        rising = np.sqrt((np.arange(FADE * step, dtype=np.float32) + 0.5) / (FADE * step))  # equal power
        for start in range(0, max(1, len(units_S) - FADE), BLOCK - FADE):
            block = griffin_lim(self._magnitudes(units_S, start), step, self.iterations, rng)
            if start:
                block[: len(rising)] *= rising
                samples_N[start * step :][: len(rising)] *= rising[::-1]
            samples_N[start * step :][: len(block)] += block
        return samples_N

    def _magnitudes(self, units_S: np.ndarray, start: int) -> np.ndarray:
        """Smoothed magnitudes of one block; smoothing sees beyond its ends."""
        side = len(SMOOTHING_P) // 2
        frames = np.arange(start, min(start + BLOCK, len(units_S)))
        smoothed = sum(
            weight * self._log_magnitudes_KF[units_S[np.clip(frames + shift, 0, len(units_S) - 1)]]
            for shift, weight in zip(range(-side, side + 1), SMOOTHING_P)
        )
        return np.exp(smoothed)


def _generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and the utterance's id alone."""
    digest = hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
