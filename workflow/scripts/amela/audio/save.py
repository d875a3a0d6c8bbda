"""Write utterances: 16 kHz mono, 16 bits, FLAC."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.samples import to_int16

AUDIO_SUFFIX = ".flac"


def save_audio(path: Path, samples: np.ndarray) -> None:
    """Write a FLAC file; makes the folders above it.

    Stages write into a folder that appears as a whole (``atomic_folder``, or the folder of a
    journal), so that this need not be atomic itself: one name a file, however many there are.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:  # by handle: libsndfile takes no names that are not UTF-8
        sf.write(out, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
