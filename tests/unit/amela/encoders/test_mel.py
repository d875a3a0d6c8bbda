"""Mirrors workflow/scripts/amela/encoders/mel.py."""

import math

import numpy as np
import pytest

from amela.encoders import mel
from amela.encoders.frames import frame_count
from amela.errors import Rejected


def slow_log_mel(samples, hop, bands):
    """One frame, one bin, one band at a time, from the definitions; shares no code with the library."""
    step, sample_rate, n_fft, window = round(hop * 16_000), 16_000, 512, 400
    frames = math.ceil(len(samples) / step)
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * n / window) for n in range(window)]
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(n_fft // 2 + 1), np.arange(window)) / n_fft)

    def hz(point):  # Slaney: 200/3 Hz a mel up to 1 kHz, then 27 steps to each factor of 6.4
        return point * 200 / 3 if point < 15 else 1_000 * 6.4 ** ((point - 15) / 27)

    lowest, highest = 20 * 3 / 200, 15 + 27 * math.log(8) / math.log(6.4)
    edges = [hz(lowest + (highest - lowest) * i / (bands + 1)) for i in range(bands + 2)]
    result = np.empty((frames, bands))
    for t in range(frames):
        middle = t * step + step // 2
        cut = [samples[n] if 0 <= n < len(samples) else 0.0 for n in range(middle - window // 2, middle + window // 2)]
        power = np.abs(fourier @ (np.array(cut, dtype=float) * hann)) ** 2
        for band, (low, top, high) in enumerate(zip(edges, edges[1:], edges[2:])):
            energy = 0.0
            for i, value in enumerate(power):
                frequency = i * sample_rate / n_fft
                if low < frequency < high:
                    side = (frequency - low) / (top - low) if frequency <= top else (high - frequency) / (high - top)
                    energy += value * side * 2 / (high - low)
            result[t, band] = math.log(max(energy, 1e-10))
    return result


@pytest.mark.parametrize("hop", [0.01, 0.02])
@pytest.mark.parametrize("bands", [40, 80])
@pytest.mark.parametrize("n_samples", [1, 161, 1_700])
def test_matches_the_definition(noise, hop, bands, n_samples):
    found = mel.log_mel(noise[:n_samples], hop, bands)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_log_mel(noise[:n_samples], hop, bands), atol=2e-4)


def test_values_of_librosa(tones):
    # librosa 0.11.0: melspectrogram(fmin=20, fmax=8000, center=False) of the signal padded by
    # 176 zeros on both sides; rounded to 1e-5, float32 transforms differ by less than 1e-3.
    frame = mel.log_mel(tones, 0.01)[5]
    assert frame.argmax() == 10
    expected = [-12.34447, 3.88659, 1.84775, -19.46856, -2.13939, -10.94286]
    np.testing.assert_allclose(frame[[0, 11, 12, 40, 55, 56]], expected, atol=1e-3)
    filters = mel.mel_filters()
    assert filters.sum() == pytest.approx(2.5608995, abs=1e-6)
    assert filters[0].max() == pytest.approx(0.023007821, abs=1e-8)
    assert filters[40].argmax() == 56 and filters[79].argmax() == 246


def test_no_band_is_empty():
    assert (mel.mel_filters(40).max(axis=1) > 0).all() and (mel.mel_filters(80).max(axis=1) > 0).all()


@pytest.mark.parametrize("n_samples", [1, 2, 159, 160, 161, 319, 320, 399, 512, 16_001])
@pytest.mark.parametrize("hop", [0.01, 0.02])
def test_frame_count(noise, n_samples, hop):
    assert mel.log_mel(noise[:n_samples], hop).shape == (frame_count(n_samples, hop), 80)


def test_zeros_in_front_shift_the_frames(noise):
    shifted = mel.log_mel(np.concatenate([np.zeros(3 * 160, np.float32), noise]), 0.01)
    np.testing.assert_allclose(shifted[3:], mel.log_mel(noise, 0.01), atol=1e-4)


def test_a_click_is_in_the_frame_that_covers_it():
    for hop, step in ((0.01, 160), (0.02, 320)):
        click = np.zeros(20 * step, np.float32)
        click[7 * step + step // 2] = 1
        assert mel.log_mel(click, hop).sum(axis=1).argmax() == 7


def test_gain_is_a_constant(noise):
    difference = mel.log_mel(noise, 0.01) - mel.log_mel(noise / 10, 0.01)
    np.testing.assert_allclose(difference, math.log(100), atol=1e-4)


def test_block_size_is_irrelevant(noise, monkeypatch):
    whole = mel.log_mel(noise, 0.01)
    monkeypatch.setattr(mel, "BLOCK", 7)
    np.testing.assert_allclose(mel.log_mel(noise, 0.01), whole, atol=1e-5)


def test_silence_is_the_floor():
    assert (mel.log_mel(np.zeros(800, np.float32), 0.01) == np.float32(math.log(1e-10))).all()


@pytest.mark.parametrize(
    "samples, message", [([], "no samples"), ([0.0, float("nan")], "finite"), ([float("inf")], "finite")]
)
def test_rejects(samples, message):
    with pytest.raises(Rejected, match=message):
        mel.log_mel(np.array(samples, dtype=np.float32), 0.01)


@pytest.mark.parametrize("hop", [0.01, 0.02])
def test_padding_frames_every_sample(hop):
    step = round(hop * 16_000)
    for n_samples in (1, step, step + 1, 5_000):
        left, right = mel.stft_padding(n_samples, hop)
        assert left + step // 2 == 256  # the middle of the first window is the middle of the first frame
        assert 1 + (left + n_samples + right - 512) / step == frame_count(n_samples, hop)
        assert right >= 0
