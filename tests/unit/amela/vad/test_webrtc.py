import numpy as np
import pytest

pytest.importorskip("webrtcvad")


def test_decisions_are_zero_or_one(detector, bursts_N):
    probabilities_T = detector("webrtc", aggressiveness=3).probabilities([bursts_N])
    assert set(probabilities_T.tolist()) == {0.0, 1.0}


def test_the_more_aggressive_the_less_speech(detector, read_speech):
    samples_N = np.concatenate(read_speech[:20])
    shares = [detector("webrtc", aggressiveness=mode).probabilities([samples_N]).mean() for mode in (0, 1, 2, 3)]
    assert shares == sorted(shares, reverse=True) and shares[0] > shares[-1]
