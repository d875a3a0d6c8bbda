"""Mirrors workflow/scripts/amela/vocoder/griffinlim.py."""

import numpy as np
import pytest
from amela.encoders.frames import frame_count
from amela.encoders.mel import log_mel, mel_filters
from amela.errors import AmelaError, DataError, Rejected
from amela.vocoder import griffinlim, load_vocoder
from amela.vocoder.griffinlim import GriffinLimVocoder, invert_mel

from .conftest import AMPLITUDE, FINGERPRINT, TONES


@pytest.mark.parametrize("hop", [0.01, 0.02])
@pytest.mark.parametrize("n_samples", [1, 159, 160, 161, 320, 321, 4_777])
def test_lasts_as_long_as_the_utterance(make_vocoder, hop, n_samples):
    vocoder = GriffinLimVocoder(make_vocoder(hop), iterations=2)
    units = np.ones(frame_count(n_samples, hop), dtype=np.uint16)
    samples = vocoder.synthesise(units, n_samples, "a")
    assert samples.shape == (n_samples,) and samples.dtype == np.float32 and np.isfinite(samples).all()


def test_each_unit_sounds_at_its_frequency_and_level(make_vocoder):
    vocoder = GriffinLimVocoder(make_vocoder())
    samples = vocoder.synthesise(np.repeat(np.arange(4, dtype=np.uint16), 50), 32_000, "a").reshape(4, 8_000)
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
    samples = GriffinLimVocoder(make_vocoder(gain=20.0)).synthesise(np.ones(50, dtype=np.uint16), 8_000, "a")
    assert np.abs(samples).max() == pytest.approx(griffinlim.PEAK, abs=1e-3)
    assert (np.abs(samples) > 0.97).mean() < 0.01


def test_depends_on_id_and_seed_but_not_on_the_order(make_vocoder):
    path, units = make_vocoder(), np.tile(np.arange(4, dtype=np.uint16), 10)
    vocoder = GriffinLimVocoder(path, iterations=2)
    first = vocoder.synthesise(units, 6_400, "a")
    other = vocoder.synthesise(units, 6_400, "b")
    assert np.array_equal(first, vocoder.synthesise(units, 6_400, "a"))
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, GriffinLimVocoder(path, iterations=2, seed=1).synthesise(units, 6_400, "a"))


def test_blocks_cannot_be_heard(make_vocoder, monkeypatch):
    vocoder = GriffinLimVocoder(make_vocoder())
    units = np.tile(np.repeat(np.array([1, 2, 3], dtype=np.uint16), 20), 8)
    whole = log_mel(vocoder.synthesise(units, len(units) * 160, "a"), 0.01)
    monkeypatch.setattr(griffinlim, "BLOCK", 100)
    blocked = log_mel(vocoder.synthesise(units, len(units) * 160, "a"), 0.01)
    assert blocked.shape == whole.shape
    level = [np.logaddexp.reduce(frames, axis=1) for frames in (whole, blocked)]
    assert np.abs(level[0] - level[1])[3:-3].max() < np.log(4)  # 6 dB in the worst frame, a fade among them
    assert np.abs(level[0] - level[1]).mean() < np.log(1.3)


def test_an_encoder_may_leave_out_two_units_at_the_end_but_not_three(make_vocoder):
    vocoder = GriffinLimVocoder(make_vocoder(), iterations=1)
    assert len(vocoder.synthesise(np.ones(98, dtype=np.uint16), 16_000, "a")) == 16_000
    assert len(vocoder.synthesise(np.ones(102, dtype=np.uint16), 16_000, "a")) == 16_000
    for units in (97, 103):
        with pytest.raises(DataError, match=f"{units} units for 16000 samples, expected 100 — a"):
            vocoder.synthesise(np.ones(units, dtype=np.uint16), 16_000, "a")
    with pytest.raises(Rejected, match="no units"):
        vocoder.synthesise(np.zeros(0, dtype=np.uint16), 0, "a")


def test_inverted_centroids_have_the_mel_bands_that_they_came_from():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000)
    log_mel_KB = np.stack([log_mel(np.convolve(noise, np.ones(n) / n)[:16_000], 0.01).mean(axis=0) for n in (1, 4, 16)])
    magnitudes_KF = np.exp(invert_mel(log_mel_KB))
    np.testing.assert_allclose(np.log(magnitudes_KF**2 @ mel_filters().T), log_mel_KB, atol=0.05)


def test_is_loaded_by_name(make_vocoder):
    spec = {"backend": "griffinlim", "codebook": "c", "train_on": ["x"], "train_hours": 1, "iterations": 3, "seed": 2}
    vocoder = load_vocoder(spec, make_vocoder())
    assert (vocoder.iterations, vocoder.seed, vocoder.hop, vocoder.fingerprint) == (3, 2, 0.01, FINGERPRINT)
    with pytest.raises(AmelaError, match="unknown vocoder backend 'wavenet'; known: griffinlim"):
        load_vocoder({"backend": "wavenet"}, make_vocoder())
