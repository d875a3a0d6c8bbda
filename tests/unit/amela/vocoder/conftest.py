"""Vocoders and signals that the tests of this package share."""

import numpy as np
import pytest

from amela.encoders.mel import log_mel
from amela.vocoder import Item
from amela.vocoder.centroids import MelCentroids, write_vocoder

FINGERPRINT = {"encoder": "abc", "hop": 0.01, "sha256": "0" * 64}
TONES = (0.0, 300.0, 1_000.0, 3_000.0)  # Hz: unit 0 is silence
AMPLITUDE = 0.3


def tone(frequency, n_samples=16_000):
    return (AMPLITUDE * np.sin(2 * np.pi * frequency * np.arange(n_samples) / 16_000)).astype(np.float32)


def speak(vocoder, units_T, n_samples, name="a"):
    """Speech of one utterance."""
    item = Item(units_T, n_samples, name)
    vocoder.check(item)
    (samples_N,) = vocoder.synthesise([item])
    return samples_N


@pytest.fixture
def make_vocoder(tmp_path):
    """Writes a vocoder whose units sound like TONES, ``gain`` louder; returns its path."""

    def make(hop=0.01, gain=1.0):
        log_mel_KB = np.stack([log_mel(gain * tone(frequency), 0.01)[50] for frequency in TONES])
        path = tmp_path / f"vocoder-{hop}-{gain}.parquet"
        frames_K = np.ones(len(TONES), dtype=np.int64)
        write_vocoder(path, MelCentroids(log_mel_KB, frames_K, hop, FINGERPRINT))
        return path

    return make
