"""Log-mel spectrum: the front end of the spectral encoders and of the Griffin-Lim vocoder."""
from __future__ import annotations

from functools import lru_cache
from typing import Tuple

import librosa
import numpy as np

from amela.audio import SAMPLE_RATE
from amela.encoders.frames import frame_count, hop_samples
from amela.errors import Rejected

# Shape legend: N = samples, T = frames, F = frequency bins (N_FFT / 2 + 1), B = mel bands.

N_FFT = 512  # samples: 32 ms
WINDOW = 400  # samples: 25 ms, periodic Hann, in the middle of the N_FFT
BANDS = 80
FMIN = 20.0  # Hz: leaves out DC and rumble
FMAX = SAMPLE_RATE / 2  # Hz
FLOOR = 1e-10  # power in a band: about that of 16-bit quantisation noise
BLOCK = 6_000  # frames a transform: bounds memory on recordings that nobody cut


def stft_padding(n_samples: int, hop: float) -> Tuple[int, int]:
    """Zeros (left, right) that put the middle of window t at ``(t + 1/2)·hop``, for ``frame_count`` windows.

    Frame an array padded so with ``center=False``. The same numbers cut a signal of
    ``(T - 1)·hop + N_FFT`` samples, which is what an inverse transform returns, to N samples.
    """
    step = hop_samples(hop)
    left = (N_FFT - step) // 2
    return left, (frame_count(n_samples, hop) - 1) * step + N_FFT - left - n_samples


@lru_cache(maxsize=None)
def mel_filters(bands: int = BANDS) -> np.ndarray:
    """Triangular filters of unit area on Slaney's mel scale (librosa's default), float32, shape (B, F)."""
    return librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=bands, fmin=FMIN, fmax=FMAX)


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
    if not len(samples_N):
        raise Rejected("no samples")
    if not np.isfinite(samples_N).all():
        raise Rejected("samples that are not finite")
    step, frames = hop_samples(hop), frame_count(len(samples_N), hop)
    padded = np.pad(np.asarray(samples_N, dtype=np.float32), stft_padding(len(samples_N), hop))
    log_mel_TB = np.empty((frames, bands), dtype=np.float32)
    for start in range(0, frames, BLOCK):
        stop = min(start + BLOCK, frames)
        block = padded[start * step : (stop - 1) * step + N_FFT]
        spectrum_FT = librosa.stft(block, n_fft=N_FFT, hop_length=step, win_length=WINDOW, center=False)
        power_BT = mel_filters(bands) @ (spectrum_FT.real**2 + spectrum_FT.imag**2)
        log_mel_TB[start:stop] = np.log(np.maximum(power_BT, FLOOR)).T
    return log_mel_TB
