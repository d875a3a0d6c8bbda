"""Speech by level alone: the crude fallback that needs nothing but NumPy.

Each file sets its own threshold from the spread of its levels. Whatever is loud counts as
speech, and a file of steady noise has none: use it where no model can run, or to compare.
"""

from __future__ import annotations

from typing import Iterable

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.samples import INT16_SCALE
from amela.vad.frames import framed

HOP = 800  # samples: 50 ms, about the shortest that averages over the periods of a low voice
FLOOR = -100.0  # dBFS; digital silence lies below every recording
QUIET, LOUD = 10, 95  # percentiles that stand for background and speech
SHARE = 0.35  # of the distance from background to speech
MARGIN = 6.0  # dB; least distance of the threshold from the background
SLOPE = 3.0  # dB from even odds to odds of e to 1


def frame_levels(frames_TH: np.ndarray) -> np.ndarray:
    """(T, H) int16 → (T,) float64 root-mean-square levels in dBFS, at least FLOOR."""
    mean_squares_T = np.square(frames_TH / INT16_SCALE).mean(axis=1)
    return 10 * np.log10(np.maximum(mean_squares_T, 10 ** (FLOOR / 10)))


def level_threshold(levels_T: np.ndarray) -> float:
    """Level (dBFS) above which a file's frames count as speech; levels_T must not be empty."""
    quiet, loud = np.percentile(levels_T, [QUIET, LOUD])
    return float(quiet + max(MARGIN, SHARE * (loud - quiet)))


class EnergyDetector:
    """Frames of 50 ms. Probability 0.5 is the file's threshold; louder is likelier."""

    hop = HOP / SAMPLE_RATE

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """(T,) float32; see ``amela.vad.Detector``. Levels of a whole file are kept: 8 bytes a frame."""
        levels_T = np.concatenate([np.zeros(0), *map(frame_levels, framed(blocks, HOP))])
        if not len(levels_T):
            return levels_T.astype(np.float32)
        above_T = levels_T - level_threshold(levels_T)
        return (1 / (1 + np.exp(-above_T / SLOPE))).astype(np.float32)
