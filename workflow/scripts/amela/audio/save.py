"""Write utterances: 16 kHz mono, 16 bits, FLAC."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.samples import to_int16
from amela.io.atomic import open_atomic

AUDIO_SUFFIX = ".flac"


def save_audio(path: Path, samples: np.ndarray) -> None:
    """Write a FLAC file, whole or not at all; makes the folders above it.

    Args:
        path: file to write.
        samples: (N,) float in [-1, 1], clipped beyond, or int16; 16 kHz.

    Raises:
        ValueError: the samples are of another shape or type, or not finite.
    """
    if samples.ndim != 1:
        raise ValueError(f"expected samples of shape (N,), not {samples.shape}")
    if samples.dtype != np.int16:
        samples = to_int16(samples)
    with open_atomic(path, "wb") as out:
        sf.write(out, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
