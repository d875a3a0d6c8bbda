"""Signals that every encoder test may use."""

import numpy as np
import pytest


@pytest.fixture
def noise():
    """A second and a bit of white noise: no whole number of hops."""
    return np.random.default_rng(7).uniform(-0.5, 0.5, 16_777).astype(np.float32)


@pytest.fixture
def tones():
    """0.1 s of 440 Hz and, 20 dB below, 3 kHz."""
    seconds = np.arange(1_600) / 16_000
    return (0.5 * np.sin(2 * np.pi * 440 * seconds) + 0.05 * np.sin(2 * np.pi * 3_000 * seconds)).astype(np.float32)
