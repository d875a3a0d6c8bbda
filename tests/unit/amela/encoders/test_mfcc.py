"""Mirrors workflow/scripts/amela/encoders/mfcc.py."""

import numpy as np
import pytest

from amela.encoders.mel import log_mel
from amela.encoders.mfcc import MfccEncoder
from amela.errors import AmelaError, Rejected


def slow_mfcc(log_mel_TB):
    """DCT-II as sums of cosines, derivatives from a parabola fitted to five frames by least squares."""
    frames, bands = log_mel_TB.shape
    cepstra = np.zeros((frames, 13))
    for c in range(13):
        scale = np.sqrt((1 if c == 0 else 2) / bands)
        for b in range(bands):
            cepstra[:, c] += scale * log_mel_TB[:, b] * np.cos(np.pi * c * (b + 0.5) / bands)
    slope, curvature = np.zeros_like(cepstra), np.zeros_like(cepstra)
    for t in range(frames):
        around = [min(max(t + shift, 0), frames - 1) for shift in (-2, -1, 0, 1, 2)]
        parabola = np.polyfit([-2, -1, 0, 1, 2], cepstra[around], deg=2)
        slope[t], curvature[t] = parabola[1], 2 * parabola[0]
    return np.concatenate([cepstra, slope, curvature], axis=1)


@pytest.mark.parametrize("hop", [0.01, 0.02])
@pytest.mark.parametrize("n_samples", [100, 400, 5_000])
def test_matches_the_definition(noise, hop, n_samples):
    features = MfccEncoder(hop).features(noise[:n_samples])
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, slow_mfcc(log_mel(noise[:n_samples], hop, bands=40)), atol=2e-4)


def test_values_of_librosa(tones):
    # librosa 0.11.0: feature.mfcc(S=log mel of 40 bands), feature.delta(width=5, mode="nearest"),
    # rounded to 1e-5; values pass through a logarithm of leakage far below the tones.
    features = MfccEncoder(0.01).features(tones)
    cepstra = [-91.56441, 33.32973, 7.52348, 16.32273, -13.05069, -9.3885, 3.36042, -19.01829]
    np.testing.assert_allclose(features[5, :8], cepstra, atol=5e-3)
    np.testing.assert_allclose(features[1, 13:17], [-16.25646, 3.95182, 0.64925, 3.50138], atol=5e-3)
    np.testing.assert_allclose(features[1, 26:30], [7.88139, -1.90258, -0.51342, -1.61656], atol=5e-3)


def test_a_single_frame_does_not_change():
    features = MfccEncoder().features(np.full(10, 0.1, np.float32))
    assert features.shape == (1, 39)
    np.testing.assert_allclose(features[0, 13:], 0, atol=1e-4)


def test_zeros_in_front_shift_the_frames(noise):
    shifted = MfccEncoder(0.02).features(np.concatenate([np.zeros(4 * 320, np.float32), noise]))
    np.testing.assert_allclose(shifted[6:], MfccEncoder(0.02).features(noise)[2:], atol=1e-3)


def test_gain_moves_only_the_level(noise):
    loud, quiet = (MfccEncoder().features(noise * gain) for gain in (1, 0.1))
    np.testing.assert_allclose(loud[:, 0] - quiet[:, 0], np.log(100) * np.sqrt(40), atol=1e-3)
    np.testing.assert_allclose(loud[:, 1:], quiet[:, 1:], atol=1e-3)


def test_refuses_an_impossible_hop():
    with pytest.raises(AmelaError, match="hop"):
        MfccEncoder(0.0123)


def test_rejects_nothing_to_encode():
    with pytest.raises(Rejected, match="no samples"):
        MfccEncoder().features(np.zeros(0, np.float32))
