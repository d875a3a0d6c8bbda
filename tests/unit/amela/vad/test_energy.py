import numpy as np
import pytest

from amela.vad.energy import EnergyDetector, frame_levels, level_threshold
from amela.vad.intervals import speech_intervals

DEFAULTS = {"onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5, "padding": 0.0}


def test_levels_of_known_signals():
    time_N = np.arange(800) / 16_000
    square = np.where(np.arange(800) % 2, 16_384, -16_384).astype(np.int16)  # half scale: 20 log10(0.5)
    sine = np.rint(32_767 * np.sin(2 * np.pi * 400 * time_N)).astype(np.int16)  # root mean square of 1 / sqrt(2)
    levels = frame_levels(np.stack([square, sine, np.zeros(800, np.int16)]))
    assert levels == pytest.approx([-6.0206, -3.0103, -100.0], abs=1e-3)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([-60.0] * 90 + [-20.0] * 10, -46.0),  # 0.35 of 40 dB above the background
        ([-50.0] * 100, -44.0),  # steady: 6 dB above the background
        ([-30.0], -24.0),
    ],
)
def test_threshold(levels, expected):
    assert level_threshold(np.array(levels)) == pytest.approx(expected)


def test_the_threshold_has_probability_one_half_and_louder_is_likelier(bursts_N):
    probabilities_T = EnergyDetector().probabilities([bursts_N])
    levels_T = frame_levels(bursts_N.reshape(-1, 800))
    order = np.argsort(levels_T)
    assert (np.diff(probabilities_T[order]) >= 0).all()
    above_T = levels_T > level_threshold(levels_T)
    assert 0 < above_T.sum() < len(above_T)
    assert np.array_equal(probabilities_T > 0.5, above_T)


def test_bursts_are_found_where_they_are(bursts_N):
    probabilities_T = EnergyDetector().probabilities([bursts_N])
    found_N2 = speech_intervals(probabilities_T, 0.05, 17.3, **DEFAULTS)
    assert np.allclose(found_N2, [[start, min(start + 1, 17.3)] for start in range(1, 18, 2)], rtol=0, atol=0.05)


def test_a_quieter_recording_has_the_same_speech(bursts_N):
    loud, quiet = (EnergyDetector().probabilities([samples_N]) for samples_N in (bursts_N, bursts_N // 4))
    assert np.array_equal(loud > 0.5, quiet > 0.5)
