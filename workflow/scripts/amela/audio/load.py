"""Read utterances: 16 kHz mono, as `segment` leaves them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Union

import numpy as np
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.access import check_bytes
from amela.errors import Rejected
from amela.io.manifest import Utterance

Loader = Callable[[Utterance], np.ndarray]  # what ``load_utterance`` does, maybe by way of a local disk
Loaded = Union[np.ndarray, Rejected]  # samples, or why there are none


def load_utterance(utterance: Utterance) -> np.ndarray:
    """Samples of an utterance, its offset and duration observed.

    Returns:
        float32 (N,) in [-1, 1], 16 kHz.

    Raises:
        Rejected: the file is missing, unreadable, shorter than the manifest says, or not
            16 kHz mono.
        OSError: the disk fails that it lies on.
    """
    return load_stretch(utterance.audio_path, utterance)


def loaded(load: Loader, utterance: Utterance, check: Callable[[np.ndarray], None]) -> Loaded:
    """Its samples, or why they cannot be read or do not pass ``check``: for threads that decode ahead."""
    try:
        samples_N = load(utterance)
        check(samples_N)
    except Rejected as error:
        return error
    return samples_N


def load_stretch(path: Path, utterance: Utterance) -> np.ndarray:
    """The same, from the file at ``path``: the utterance's, or a copy of it."""
    try:
        with sf.SoundFile(os.fsencode(path)) as audio:
            return _read(audio, utterance, path)
    except sf.SoundFileError as error:
        check_bytes(path)
        raise Rejected(f"audio cannot be read: {error}", path) from error


def _read(audio: sf.SoundFile, utterance: Utterance, path: Path) -> np.ndarray:
    if audio.samplerate != SAMPLE_RATE or audio.channels != 1:
        raise Rejected(f"expected {SAMPLE_RATE} Hz mono, found {audio.samplerate} Hz × {audio.channels}", path)
    start = round(utterance.offset * SAMPLE_RATE)
    n_samples = round(utterance.duration * SAMPLE_RATE)
    if start + n_samples > audio.frames:
        raise Rejected(
            f"the manifest says {utterance.offset} s + {utterance.duration} s, the file has "
            f"{audio.frames / SAMPLE_RATE:.3f} s",
            path,
        )
    audio.seek(start)
    samples_N = audio.read(n_samples, dtype="float32")
    if len(samples_N) != n_samples:
        check_bytes(path)
        raise Rejected(f"only {len(samples_N)} of {n_samples} samples can be decoded", path)
    return samples_N
