"""Griffin-Lim: a signal from the magnitudes of its short-time spectrum alone.

The algorithm of librosa's ``griffinlim``, at three times its speed and without its start-up:
transforms of all frames at once, and an overlap-add of ``WINDOW / step`` sums.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, rfft

from amela.encoders.mel import N_FFT, WINDOW, analysis_window

# Shape legend: S = frames, F = frequency bins (N_FFT / 2 + 1), W = WINDOW samples,
# H = samples from frame to frame, N = samples.

MOMENTUM = 0.99  # of the fast version: Perraudin, Balazs and Søndergaard 2013
LEAST_WINDOW = 1e-3  # of the summed squares of windows: only the outermost samples have less
LEAST_POWER = 1e-20  # keeps the phase of an empty bin finite


class _Transform:
    """Short-time Fourier transform and its least-squares inverse (Griffin and Lim 1984)."""

    def __init__(self, frames: int, step: int) -> None:
        self.frames, self.step = frames, step
        side = (N_FFT - WINDOW) // 2
        self.window_W = analysis_window()[side : side + WINDOW]
        squares_SW = np.broadcast_to(self.window_W**2, (frames, WINDOW))
        self.gain_N = 1 / np.maximum(self._add_up(squares_SW), np.float32(LEAST_WINDOW))

    def _add_up(self, frames_SW: np.ndarray) -> np.ndarray:
        pieces = -(-WINDOW // self.step)
        total = np.zeros((self.frames + pieces - 1, self.step), dtype=np.float32)
        for piece in range(pieces):
            part = frames_SW[:, piece * self.step : (piece + 1) * self.step]
            total[piece : piece + self.frames, : part.shape[1]] += part
        return total.ravel()

    def inverse(self, spectrum_SF: np.ndarray) -> np.ndarray:
        frames_SW = irfft(spectrum_SF, n=N_FFT, axis=1)[:, :WINDOW]
        return self._add_up(frames_SW * self.window_W) * self.gain_N

    def forward(self, samples_N: np.ndarray) -> np.ndarray:
        frames_SW = np.lib.stride_tricks.sliding_window_view(samples_N, WINDOW)[:: self.step][: self.frames]
        return rfft(frames_SW * self.window_W, n=N_FFT, axis=1)


def griffin_lim(magnitudes_SF: np.ndarray, step: int, iterations: int, rng: np.random.Generator) -> np.ndarray:
    """Signal whose short-time spectrum has about these magnitudes, from a random phase.

    Args:
        magnitudes_SF: float32, of ``rfft`` of ``N_FFT`` points under ``mel.analysis_window``, shape (S, F).
        step: samples H from frame to frame, at most ``WINDOW``.
        iterations: how often the phase is made consistent.
        rng: gives the first phase.

    Returns:
        float32 (S·H,); frame s is centred on sample ``(s + 1/2)·H``.
    """
    transform = _Transform(len(magnitudes_SF), step)
    phase_SF = rng.random(magnitudes_SF.shape, dtype=np.float32) * np.float32(2 * np.pi)
    spectrum_SF = magnitudes_SF * np.exp(1j * phase_SF)
    before_SF = np.zeros_like(spectrum_SF)
    for _ in range(iterations):
        consistent_SF = transform.forward(transform.inverse(spectrum_SF))
        before_SF *= np.float32(-MOMENTUM / (1 + MOMENTUM))
        before_SF += consistent_SF
        norm_SF = before_SF.real**2 + before_SF.imag**2 + np.float32(LEAST_POWER)
        before_SF *= magnitudes_SF / np.sqrt(norm_SF)
        spectrum_SF, before_SF = before_SF, consistent_SF
    first = (WINDOW - step) // 2
    return transform.inverse(spectrum_SF)[first : first + len(magnitudes_SF) * step]
