"""Mirrors workflow/scripts/amela/encoders/moments.py."""

import numpy as np
import pytest
import torch

from amela.encoders.moments import MomentSums

CPU = torch.device("cpu")


def of_blocks(samples_N, lengths, kernel=10, stride=5):
    sums = MomentSums(kernel, stride, CPU)
    for block_N in np.split(samples_N, np.cumsum(lengths)):
        sums.add(torch.from_numpy(block_N))
    return sums.moments()


@pytest.mark.parametrize("lengths", [[], [8_000], [3, 1, 4, 1, 5_000, 9], [1] * 40])
@pytest.mark.parametrize("kernel, stride", [(10, 5), (3, 2), (7, 7)])
def test_of_any_blocks_they_are_those_of_the_whole(noise, lengths, kernel, stride):
    samples_N = noise[:12_345] + np.float32(0.1)
    found = of_blocks(samples_N, lengths, kernel, stride)
    windows_TK = np.lib.stride_tricks.sliding_window_view(samples_N.astype(np.float64), kernel)[::stride]
    np.testing.assert_allclose(found.mean, samples_N.mean(dtype=np.float64), rtol=1e-9)
    np.testing.assert_allclose(found.variance, samples_N.astype(np.float64).var(), rtol=1e-9)
    np.testing.assert_allclose(found.window_mean_K, windows_TK.mean(axis=0), rtol=1e-9)
    wanted_KK = np.cov(windows_TK.T, bias=True)
    np.testing.assert_allclose(found.window_covariance_KK, wanted_KK, atol=1e-9 * wanted_KK.max())


@pytest.mark.parametrize("epsilon", [None, 1e-5])
def test_normalized_are_those_of_the_normalised_waveform(noise, epsilon):
    samples_N = noise.astype(np.float64) * 1e-2 + 0.3
    other_N = samples_N
    if epsilon is not None:
        other_N = (samples_N - samples_N.mean()) / np.sqrt(samples_N.var() + epsilon)
    for found, wanted in zip(of_blocks(samples_N, []).normalized(epsilon), of_blocks(other_N, [])):
        np.testing.assert_allclose(found, wanted, atol=1e-9)
