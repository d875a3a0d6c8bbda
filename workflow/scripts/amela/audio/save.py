"""Write utterances: 16 kHz mono, 16 bits, FLAC."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Optional, Type

import numpy as np
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.samples import to_int16
from amela.errors import AmelaError

AUDIO_SUFFIX = ".flac"


class FlacFile:
    """A FLAC file under way, and the folders above it. A context manager: an error leaves no file.

    libsndfile is often silent where the disk had no room; hence the look at the end.

    Raises (all methods):
        AmelaError: the disk is full, or fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0  # samples
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._out = sf.SoundFile(os.fsencode(path), "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC")
        except sf.LibsndfileError as error:
            raise self._not_written() from error

    def write(self, block: np.ndarray) -> None:
        """Append int16 samples (N,)."""
        try:
            self._out.write(block)
        except (sf.LibsndfileError, AssertionError) as error:  # soundfile asserts that all samples were taken
            raise self._not_written() from error
        self.length += len(block)

    def close(self) -> None:
        """End the file; one that is not whole goes."""
        try:
            self._out.close()
            whole = self._is_whole()
        except sf.LibsndfileError:  # it does not say why
            whole = False
        if not whole:
            self.path.unlink(missing_ok=True)
            raise self._not_written()

    def _is_whole(self) -> bool:
        """Does the file have so many samples, and the last of them? One without samples has no byte at all."""
        if not self.length:
            return True
        with sf.SoundFile(os.fsencode(self.path)) as audio:
            audio.seek(self.length - 1)
            return audio.frames == self.length and len(audio.read()) == 1

    def _not_written(self) -> AmelaError:
        return AmelaError("audio cannot be written", self.path, "look for room on the disk")

    def __enter__(self) -> FlacFile:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if kind is None:
            self.close()
            return
        with suppress(AmelaError):
            self.close()
        self.path.unlink(missing_ok=True)


def save_audio(path: Path, samples: np.ndarray) -> None:
    """Write a FLAC file; makes the folders above it.

    Stages write into a folder that appears as a whole (``atomic_folder``, or the folder of a
    journal), so that this need not be atomic itself: one name a file, however many there are.

    Args:
        path: file to write.
        samples: (N,) float in [-1, 1], clipped beyond, or int16; 16 kHz.

    Raises:
        ValueError: the samples are of another shape or type, or not finite.
        AmelaError: the disk is full, or fails; there is no file then.
    """
    if samples.ndim != 1:
        raise ValueError(f"expected samples of shape (N,), not {samples.shape}")
    if samples.dtype != np.int16:
        samples = to_int16(samples)
    with FlacFile(path) as out:
        out.write(samples)
