"""Mirrors workflow/scripts/amela/vocoder/centroids.py."""

import math

import numpy as np
import pytest

from amela.errors import AmelaError, DataError
from amela.vocoder import centroids
from amela.vocoder.centroids import MelCentroids, MelMeans, read_vocoder, write_vocoder

UTTERANCES = [([0, 0, 2], [1.0, 3.0, 5.0]), ([2, 0], [7.0, 8.0])]  # units, value of every band in each frame


def frames(values):
    return np.repeat(np.array(values, dtype=np.float32)[:, None], 80, axis=1)


def test_means_by_hand():
    means = MelMeans(k=4)
    for units, values in UTTERANCES:
        means.add(np.array(units, dtype=np.uint16), frames(values), "utterance")
    found = means.centroids()
    assert found.shape == (4, 80) and found.dtype == np.float32
    # One gain: the power of e^1 + e^3 + e^5 + e^7 + e^8 instead of that of 3·e^4 + 2·e^6.
    gain = math.log(sum(math.exp(x) for x in (1, 3, 5, 7, 8)) / (3 * math.exp(4) + 2 * math.exp(6)))
    expected = np.array([4, 24 / 5, 6, 24 / 5]) + gain  # never seen: the mean of all
    np.testing.assert_allclose(found, np.repeat(expected[:, None], 80, axis=1), rtol=1e-6)
    assert means.frames_K.tolist() == [3, 0, 2, 0]


def test_frames_without_a_unit_do_not_count_and_many_are_an_error():
    means = MelMeans(k=1)
    means.add(np.zeros(2, dtype=np.uint16), frames([1, 1, 100, 100]), "utterance")
    assert means.centroids()[0, 0] == pytest.approx(1)
    with pytest.raises(DataError, match="1 units for 4 frames: units of other audio — anna/1"):
        means.add(np.zeros(1, dtype=np.uint16), frames([1, 1, 1, 1]), "anna/1")


def test_no_speech_is_an_error():
    with pytest.raises(AmelaError, match="no speech to train a vocoder on"):
        MelMeans(k=3).centroids()


def test_file_keeps_everything_and_refuses_another_front_end(tmp_path, monkeypatch):
    log_mel_KB = np.random.default_rng(0).normal(size=(5, 80)).astype(np.float32)
    written = MelCentroids(log_mel_KB, np.arange(5), 0.02, {"sha256": "x"})
    write_vocoder(tmp_path / "vocoder.parquet", written)
    read = read_vocoder(tmp_path / "vocoder.parquet")
    assert np.array_equal(read.log_mel_KB, log_mel_KB) and read.frames_K.tolist() == [0, 1, 2, 3, 4]
    assert (read.hop, read.fingerprint) == (0.02, {"sha256": "x"})
    monkeypatch.setitem(centroids.MEL, "window", 320)
    with pytest.raises(DataError, match="window is 400, expected 320"):
        read_vocoder(tmp_path / "vocoder.parquet")
