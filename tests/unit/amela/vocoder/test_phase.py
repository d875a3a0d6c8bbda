"""Mirrors workflow/scripts/amela/vocoder/phase.py."""

import numpy as np
import pytest

from amela.encoders.mel import N_FFT, WINDOW
from amela.vocoder.phase import MOMENTUM, griffin_lim


def slow_griffin_lim(magnitudes, step, iterations, phase):
    """One frame at a time in double precision, from the papers; shares no code with the library."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    length = (len(magnitudes) - 1) * step + WINDOW

    def to_signal(spectrum):
        signal, weight = np.zeros(length), np.zeros(length)
        for s, frame in enumerate(spectrum):
            signal[s * step : s * step + WINDOW] += hann * np.fft.irfft(frame, N_FFT)[:WINDOW]
            weight[s * step : s * step + WINDOW] += hann**2
        return signal / np.maximum(weight, 1e-3)

    spectrum, last = magnitudes * np.exp(1j * phase), 0
    for _ in range(iterations):
        signal = to_signal(spectrum)
        frames = [np.fft.rfft(hann * signal[s * step : s * step + WINDOW], N_FFT) for s in range(len(magnitudes))]
        faster = np.array(frames) - MOMENTUM / (1 + MOMENTUM) * last
        spectrum, last = magnitudes * faster / np.maximum(np.abs(faster), 1e-10), np.array(frames)
    first = (WINDOW - step) // 2
    return to_signal(spectrum)[first : first + len(magnitudes) * step]


@pytest.mark.parametrize("step", [80, 160])
@pytest.mark.parametrize("frames", [1, 2, 11])
def test_matches_the_definition(step, frames):
    magnitudes = np.random.default_rng(1).uniform(0.5, 2.0, (frames, N_FFT // 2 + 1)).astype(np.float32)
    phase = np.random.default_rng(2).random(magnitudes.shape, dtype=np.float32).astype(float) * 2 * np.pi
    found = griffin_lim(magnitudes, step, 4, np.random.default_rng(2))
    expected = slow_griffin_lim(magnitudes.astype(float), step, 4, phase)
    assert found.dtype == np.float32 and found.shape == (frames * step,)
    np.testing.assert_allclose(found, expected[: len(found)], atol=2e-4 * np.abs(expected).max())


def test_more_iterations_come_nearer_to_the_magnitudes():
    time = np.arange(16_000) / 16_000
    signal = np.sin(2 * np.pi * (200 * time + 900 * time**2))  # a glide
    hann = np.hanning(WINDOW + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::160]
    magnitudes = np.abs(np.fft.rfft(frames * hann, N_FFT)).astype(np.float32)

    def distance(iterations):
        rebuilt = griffin_lim(magnitudes, 160, iterations, np.random.default_rng(0))
        again = np.lib.stride_tricks.sliding_window_view(np.pad(rebuilt, 120), WINDOW)[::160][: len(magnitudes)]
        return np.linalg.norm(np.abs(np.fft.rfft(again * hann, N_FFT)) - magnitudes) / np.linalg.norm(magnitudes)

    assert distance(32) < 0.5 * distance(1)
