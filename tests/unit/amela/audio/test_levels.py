import math

import numpy as np
import pytest

from amela.audio.levels import Envelope, adaptive_threshold, millisecond_energies, peak_level


def envelope_powers(samples, block):
    envelope = Envelope()
    blocks = (samples[start : start + block] for start in range(0, len(samples), block))
    energies = list(envelope.watch(millisecond_energies(blocks)))
    return envelope.powers(), np.concatenate(energies)


def at_level(dbfs, milliseconds):
    """Power of frames of 10 ms at a level."""
    return np.full(milliseconds // 10, 32_768**2 * 10 ** (dbfs / 10), np.float32)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(-32_768, 32_768, 16_000 + 16 * 3).astype(np.int16)


def test_energies_are_exact_sums_of_squares(noise):
    _, energies_M = envelope_powers(noise, 1_000)
    expected = [sum(int(value) ** 2 for value in noise[start : start + 16]) for start in range(0, len(noise), 16)]
    assert energies_M.tolist() == expected


def test_powers_are_means_of_ten_milliseconds_and_the_last_of_what_is_left(noise):
    powers_T, _ = envelope_powers(noise, 1_000)
    squares = noise.astype(np.float64) ** 2
    expected = [squares[start : start + 160].mean() for start in range(0, len(noise), 160)]
    np.testing.assert_allclose(powers_T, expected, rtol=1e-6)  # float32 keeps 7 digits


@pytest.mark.parametrize("block", [15, 16, 17, 160, 100_000])
def test_block_size_makes_no_difference(noise, block):
    powers_T, energies_M = envelope_powers(noise, block)
    expected_T, expected_M = envelope_powers(noise, 777)
    assert np.array_equal(powers_T, expected_T)
    assert np.array_equal(energies_M, expected_M)


def test_envelope_of_nothing():
    envelope = Envelope()
    assert list(envelope.watch(millisecond_energies([]))) == []
    assert envelope.powers().shape == (0,)


def test_threshold_lies_a_third_of_the_way_from_background_to_speech():
    powers_T = np.concatenate([at_level(-60, 5_000), at_level(-20, 5_000)])
    assert adaptive_threshold(powers_T) == pytest.approx(-60 + 0.35 * 40, abs=1e-4)


def test_threshold_is_at_least_6_db_above_the_background():
    assert adaptive_threshold(at_level(-30, 1_000)) == pytest.approx(-24, abs=1e-4)


def test_threshold_follows_the_gain():
    powers_T = np.random.default_rng(0).lognormal(12, 3, 1_000).astype(np.float32)
    louder = adaptive_threshold(powers_T * np.float32(100))
    assert louder - adaptive_threshold(powers_T) == pytest.approx(20, abs=1e-4)


def test_threshold_leaves_out_digital_silence():
    powers_T = np.concatenate([at_level(-60, 5_000), at_level(-20, 5_000)])
    gaps = np.zeros(2_000, np.float32)
    assert adaptive_threshold(np.concatenate([powers_T, gaps])) == adaptive_threshold(powers_T)


def test_threshold_of_less_than_50_ms():
    assert adaptive_threshold(at_level(-30, 20)) == pytest.approx(-24, abs=1e-4)


def test_peak_level():
    quiet, loudest = np.array([0, 3, -2], np.int16), np.array([-32_768], np.int16)
    assert peak_level([quiet, np.zeros(0, np.int16)]) == pytest.approx(20 * math.log10(3 / 32_768))
    assert peak_level([quiet, loudest]) == 0.0
    assert peak_level([np.zeros(5, np.int16)]) == -math.inf
    assert peak_level([]) == -math.inf
