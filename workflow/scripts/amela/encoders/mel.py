"""Log-mel spectrum: the front end of the spectral encoders and of the Griffin-Lim vocoder.

Filters, window and transform are those of librosa 0.11, to about 1e-4 of a natural logarithm,
without its start-up: half a minute of compiling in a new environment, then 3 s and 180 MB
more in every job.
"""

from __future__ import annotations

from functools import cache
from typing import Tuple

import numpy as np
from scipy.fft import rfft

from amela.audio import SAMPLE_RATE
from amela.audio.samples import check_samples
from amela.encoders.frames import frame_count, hop_samples

# Shape legend: N = samples, T = frames, F = frequency bins (N_FFT / 2 + 1), B = mel bands.

N_FFT = 512  # samples: 32 ms
WINDOW = 400  # samples: 25 ms, periodic Hann, in the middle of the N_FFT
BANDS = 80
FMIN = 20.0  # Hz: leaves out DC and rumble
FMAX = SAMPLE_RATE / 2  # Hz
FLOOR = 1e-10  # power in a band: about that of 16-bit quantisation noise
BLOCK = 6_000  # frames a transform: bounds memory on recordings that nobody cut

# Slaney's mel scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above.
MEL_HZ = 200 / 3  # Hz a mel below the break
BREAK_HZ = 1_000.0
BREAK_MEL = BREAK_HZ / MEL_HZ
MEL_LOG_STEP = np.log(6.4) / 27  # of the natural logarithm of the frequency, a mel


def stft_padding(n_samples: int, hop: float) -> Tuple[int, int]:
    """Zeros (left, right) that put the middle of window t at ``(t + 1/2)·hop``, for ``frame_count`` windows.

    Frame an array padded so with ``center=False``. The same numbers cut a signal of
    ``(T - 1)·hop + N_FFT`` samples, which is what an inverse transform returns, to N samples.
    """
    step = hop_samples(hop)
    left = (N_FFT - step) // 2
    return left, (frame_count(n_samples, hop) - 1) * step + N_FFT - left - n_samples


def mel_to_hz(mels: np.ndarray) -> np.ndarray:
    """Frequencies of points on Slaney's mel scale."""
    above = BREAK_HZ * np.exp(MEL_LOG_STEP * (mels - BREAK_MEL))
    return np.where(mels < BREAK_MEL, MEL_HZ * mels, above)


def hz_to_mel(frequency: float) -> float:
    """Point on Slaney's mel scale of a frequency (Hz)."""
    if frequency < BREAK_HZ:
        return frequency / MEL_HZ
    return BREAK_MEL + np.log(frequency / BREAK_HZ) / MEL_LOG_STEP


@cache
def mel_filters(bands: int = BANDS) -> np.ndarray:
    """Triangular filters of unit area (in Hz) on Slaney's mel scale, float32, shape (B, F)."""
    edges = mel_to_hz(np.linspace(hz_to_mel(FMIN), hz_to_mel(FMAX), bands + 2))
    lower_B1, centre_B1, upper_B1 = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins_F = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)
    rising_BF = (bins_F - lower_B1) / (centre_B1 - lower_B1)
    falling_BF = (upper_B1 - bins_F) / (upper_B1 - centre_B1)
    triangles_BF = np.maximum(0, np.minimum(rising_BF, falling_BF))
    return (triangles_BF * 2 / (upper_B1 - lower_B1)).astype(np.float32)


@cache
def analysis_window() -> np.ndarray:
    """The window with its zeros, float32, shape (N_FFT,)."""
    side = (N_FFT - WINDOW) // 2
    return np.pad(np.hanning(WINDOW + 1)[:-1], side).astype(np.float32)


def log_mel(samples_N: np.ndarray, hop: float, bands: int = BANDS) -> np.ndarray:
    """Natural logarithm of the power in each mel band.

    Args:
        samples_N: 16 kHz mono, shape (N,). What is shorter than a window is padded with zeros.
        hop: seconds from frame to frame.
        bands: number of mel bands B.

    Returns:
        float32, shape (T, B), T = ``frame_count(N, hop)``, never below ``log(FLOOR)``.

    Raises:
        Rejected: no samples, or a sample that is not finite.
    """
    check_samples(samples_N)
    padded = np.pad(np.asarray(samples_N, dtype=np.float32), stft_padding(len(samples_N), hop))
    frames_TN = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[:: hop_samples(hop)]  # no copy
    log_mel_TB = np.empty((len(frames_TN), bands), dtype=np.float32)
    for start in range(0, len(frames_TN), BLOCK):
        spectrum_TF = rfft(frames_TN[start : start + BLOCK] * analysis_window(), axis=1)
        power_TF = spectrum_TF.real**2 + spectrum_TF.imag**2
        log_mel_TB[start : start + BLOCK] = np.log(np.maximum(power_TF @ mel_filters(bands).T, FLOOR))
    return log_mel_TB
