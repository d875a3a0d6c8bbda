"""Mirrors workflow/scripts/amela/vocoder/durations.py."""

import numpy as np
import pytest

from amela.errors import DataError, Rejected
from amela.vocoder import Item
from amela.vocoder.durations import check_duration, fit


def test_two_frames_may_be_missing_and_not_three():
    """Encoders that see 400 samples at a time leave out what they see of nobody's frame."""
    for n_samples in range(400, 2_000):
        check_duration(Item(np.zeros((n_samples - 400) // 320 + 1, np.uint16), n_samples, "a"), 0.02)
    for n_units in (47, 53):
        with pytest.raises(DataError, match=f"{n_units} units for 16000 samples, expected 50 — a"):
            check_duration(Item(np.zeros(n_units, np.uint16), 16_000, "a"), 0.02)
    with pytest.raises(Rejected, match="no units"):
        check_duration(Item(np.zeros(0, np.uint16), 0, "a"), 0.02)


def test_speech_is_cut_or_continued_with_silence():
    speech = np.array([0.25, 0.5, -0.5])
    for n_samples, expected in ((5, [0.25, 0.5, -0.5, 0, 0]), (3, [0.25, 0.5, -0.5]), (1, [0.25]), (0, [])):
        fitted = fit(speech, n_samples)
        assert fitted.tolist() == expected and fitted.dtype == np.float32
