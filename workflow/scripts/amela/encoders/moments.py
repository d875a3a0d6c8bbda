"""Mean and variance over a whole utterance, for norms that take them: of its samples, and of the windows of these.

An utterance that is too long to be encoded at once is normalised as a whole all the same: its
moments are added up block by block before its first stretch is encoded.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

import torch

# Shape legend: N = samples, T = windows, K = samples of a window.


class Moments(NamedTuple):
    """In double precision; of windows only where a group norm wants them."""

    mean: torch.Tensor  # of the samples, shape ()
    variance: torch.Tensor
    window_mean_K: torch.Tensor
    window_covariance_KK: torch.Tensor

    def normalized(self, epsilon: Optional[float]) -> Moments:
        """Those of ``(x - mean) / sqrt(variance + epsilon)``; None: of x itself."""
        if epsilon is None:
            return self
        gain = (self.variance + epsilon).rsqrt()
        return Moments(
            torch.zeros_like(self.mean),
            self.variance * gain**2,
            (self.window_mean_K - self.mean) * gain,
            self.window_covariance_KK * gain**2,
        )

    def to(self, device: torch.device) -> Moments:
        """The same on a device."""
        return Moments(*(values.to(device) for values in self))


class MomentSums:
    """Sums over the blocks of a waveform, whose windows may reach from one into the next."""

    def __init__(self, kernel: int, stride: int, device: torch.device) -> None:
        """``kernel`` and ``stride`` of the windows, in samples; no window skips any."""
        self._kernel, self._stride = kernel, stride
        self._n_samples = self._n_windows = 0
        self._sum, self._squares = (torch.zeros((), dtype=torch.float64, device=device) for _ in range(2))
        self._window_sum_K = torch.zeros(kernel, dtype=torch.float64, device=device)
        self._products_KK = torch.zeros(kernel, kernel, dtype=torch.float64, device=device)
        self._tail_N = torch.zeros(0, dtype=torch.float64, device=device)  # from where the next window begins

    def add(self, samples_N: torch.Tensor) -> MomentSums:
        """Take in the next block; returns itself."""
        block_N = samples_N.double()
        self._n_samples += len(block_N)
        self._sum += block_N.sum()
        self._squares += block_N.square().sum()
        waiting_N = torch.cat([self._tail_N, block_N])
        if len(waiting_N) >= self._kernel:
            windows_TK = waiting_N.unfold(0, self._kernel, self._stride)
            self._n_windows += len(windows_TK)
            self._window_sum_K += windows_TK.sum(0)
            self._products_KK += windows_TK.T @ windows_TK
            waiting_N = waiting_N[len(windows_TK) * self._stride :]
        self._tail_N = waiting_N
        return self

    def moments(self) -> Moments:
        """Of all blocks. There must be a window at least."""
        mean, mean_K = self._sum / self._n_samples, self._window_sum_K / self._n_windows
        return Moments(
            mean,
            self._squares / self._n_samples - mean**2,
            mean_K,
            self._products_KK / self._n_windows - torch.outer(mean_K, mean_K),
        )
