"""Mirrors workflow/scripts/amela/vocoder/griffinlim.py."""

import numpy as np
import pytest

from amela.encoders.frames import frame_count
from amela.encoders.mel import log_mel, mel_filters
from amela.errors import AmelaError, DataError, Rejected
from amela.vocoder import griffinlim, load_vocoder
from amela.vocoder.centroids import MelCentroids, write_vocoder
from amela.vocoder.griffinlim import GriffinLimVocoder, invert_mel

from .conftest import AMPLITUDE, FINGERPRINT, TONES, speak


def noises():
    """Mean log-mel spectra (3, 80) of noise that is white, and of noise with more and more notches."""
    white = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000)
    return np.stack([log_mel(np.convolve(white, np.ones(n) / n)[:16_000], 0.01).mean(axis=0) for n in (1, 4, 16)])


@pytest.mark.parametrize("hop", [0.01, 0.02])
@pytest.mark.parametrize("n_samples", [1, 159, 160, 161, 320, 321, 4_777])
def test_lasts_as_long_as_the_utterance(make_vocoder, hop, n_samples):
    vocoder = GriffinLimVocoder(make_vocoder(hop), iterations=2)
    units = np.ones(frame_count(n_samples, hop), dtype=np.uint16)
    samples = speak(vocoder, units, n_samples, "a")
    assert samples.shape == (n_samples,) and samples.dtype == np.float32 and np.isfinite(samples).all()


def test_each_unit_sounds_at_its_frequency_and_level(make_vocoder):
    vocoder = GriffinLimVocoder(make_vocoder())
    samples = speak(vocoder, np.repeat(np.arange(4, dtype=np.uint16), 50), 32_000, "a").reshape(4, 8_000)
    for unit, part in enumerate(samples):
        middle = part[1_000:-1_000]
        level = np.sqrt(np.mean(middle**2))
        if TONES[unit] == 0:
            assert level < 1e-3
            continue
        peak = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax() * 16_000 / len(middle)
        assert abs(peak - TONES[unit]) < 0.1 * TONES[unit]
        assert 20 * abs(np.log10(level / (AMPLITUDE / np.sqrt(2)))) < 3  # dB


def test_a_loud_voice_is_turned_down_and_not_clipped(make_vocoder):
    samples = speak(GriffinLimVocoder(make_vocoder(gain=20.0)), np.ones(50, dtype=np.uint16), 8_000, "a")
    assert np.abs(samples).max() == pytest.approx(griffinlim.PEAK, abs=1e-3)
    assert (np.abs(samples) > 0.97).mean() < 0.01


def test_depends_on_id_and_seed_but_not_on_the_order(make_vocoder):
    path, units = make_vocoder(), np.tile(np.arange(4, dtype=np.uint16), 10)
    vocoder = GriffinLimVocoder(path, iterations=2)
    first = speak(vocoder, units, 6_400, "a")
    other = speak(vocoder, units, 6_400, "b")
    assert np.array_equal(first, speak(vocoder, units, 6_400, "a"))
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, speak(GriffinLimVocoder(path, iterations=2, seed=1), units, 6_400, "a"))


def test_blocks_cannot_be_heard(tmp_path, monkeypatch):
    spectra_KB = noises()
    write_vocoder(tmp_path / "v.parquet", MelCentroids(spectra_KB, np.ones(3, dtype=np.int64), 0.01, FINGERPRINT))
    vocoder = GriffinLimVocoder(tmp_path / "v.parquet")
    units = np.tile(np.repeat(np.arange(3, dtype=np.uint16), 20), 8)
    whole = speak(vocoder, units, len(units) * 160, "a")
    monkeypatch.setattr(griffinlim, "BLOCK", 100)
    blocked = speak(vocoder, units, len(units) * 160, "a")
    assert blocked.shape == whole.shape
    wanted = np.logaddexp.reduce(spectra_KB[units], axis=1)  # level of each frame
    error = [np.abs(np.logaddexp.reduce(log_mel(samples, 0.01), axis=1) - wanted) for samples in (whole, blocked)]
    assert error[1].max() < 1.25 * error[0].max()  # no frame of a fade is worse than the worst without any
    assert error[1].mean() < 1.25 * error[0].mean()


def test_an_encoder_may_leave_out_two_units_at_the_end_but_not_three(make_vocoder):
    vocoder = GriffinLimVocoder(make_vocoder(), iterations=1)
    assert len(speak(vocoder, np.ones(98, dtype=np.uint16), 16_000, "a")) == 16_000
    assert len(speak(vocoder, np.ones(102, dtype=np.uint16), 16_000, "a")) == 16_000
    for units in (97, 103):
        with pytest.raises(DataError, match=f"{units} units for 16000 samples, expected 100 — a"):
            speak(vocoder, np.ones(units, dtype=np.uint16), 16_000, "a")
    with pytest.raises(Rejected, match="no units"):
        speak(vocoder, np.zeros(0, dtype=np.uint16), 0, "a")


def test_inverted_centroids_have_the_mel_bands_that_they_came_from():
    spectra_KB = noises()
    error = np.abs(np.log(np.exp(2 * invert_mel(spectra_KB)) @ mel_filters().T) - spectra_KB)
    assert error.max() < 0.2 and error.mean() < 0.01  # beside a notch, power cannot be as low as least squares wants


def test_is_loaded_by_name(make_vocoder):
    spec = {"backend": "griffinlim", "codebook": "c", "train_on": ["x"], "train_hours": 1, "iterations": 3, "seed": 2}
    vocoder = load_vocoder(spec, make_vocoder())
    assert (vocoder.iterations, vocoder.seed, vocoder.hop, vocoder.fingerprint) == (3, 2, 0.01, FINGERPRINT)
    with pytest.raises(AmelaError, match="unknown vocoder backend 'wavenet'; known: codehifigan, griffinlim"):
        load_vocoder({"backend": "wavenet"}, make_vocoder())
