"""int16 against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from amela.audio.samples import check_samples, to_int16
from amela.errors import Rejected


def slow(value):
    """Nearest of the 65,536 steps, halves to even, by exact arithmetic."""
    return min(max(round(Fraction(float(value)) * 2**15), -(2**15)), 2**15 - 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_nearest_step(dtype):
    steps = np.arange(-8, 9) / 4 / 2**15  # quarters of a step: every kind of tie
    edges = [1.0, -1.0, 32_767 / 2**15, 32_767.5 / 2**15, -32_768.5 / 2**15, 1.5, -1.5, 7.0, -7.0, 0.0, -0.0]
    noise = np.random.default_rng(0).uniform(-1.1, 1.1, 2_000)
    samples = np.concatenate([steps, edges, noise]).astype(dtype)
    found = to_int16(samples)
    assert found.dtype == np.int16
    assert found.tolist() == [slow(value) for value in samples]


def test_every_step_comes_back():
    steps = np.arange(-32_768, 32_768).astype(np.int16)
    np.testing.assert_array_equal(to_int16((steps / 32_768).astype(np.float32)), steps)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0), (2, 3), (3, 1, 2)])
def test_any_shape(shape):
    found = to_int16(np.full(shape, 0.25))
    assert found.shape == shape and (found == 8_192).all()


def test_the_samples_given_stay_as_they_are():
    samples = np.array([2.0, 0.3], np.float32)
    to_int16(samples)
    assert samples.tolist() == [2.0, np.float32(0.3)]


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.bool_, np.complex64])
def test_what_is_no_float_is_a_bug_of_the_caller(dtype):
    with pytest.raises(ValueError, match="expected float samples"):
        to_int16(np.zeros(3, dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_clipped(value):
    with pytest.raises(ValueError, match="not finite"):
        to_int16(np.array([0.0, value, 0.0]))


@pytest.mark.parametrize(
    ("samples", "why"), [([], "no samples"), ([0.0, np.nan], "not finite"), ([-np.inf], "not finite")]
)
def test_what_is_no_waveform_is_rejected(samples, why):
    check_samples(np.zeros(1, np.float32))
    with pytest.raises(Rejected, match=why):
        check_samples(np.array(samples, np.float32))
