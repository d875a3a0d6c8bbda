"""Quantities for people."""

import pytest

from amela.usage.quantities import UNKNOWN, duration, hours, percent, size, times


@pytest.mark.parametrize("show", [duration, hours, percent, size, times])
def test_unknown_is_a_dash(show):
    assert show(None) == UNKNOWN
    assert show(0.0) != UNKNOWN


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.42, "0.42 s"),
        (12.4, "12 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7_800, "2 h 10 min"),
        (356_400, "4 d 3 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds, text):
    assert duration(seconds) == text


def test_sizes_shares_and_ratios():
    assert [size(84.4), size(1_500)] == ["84 MB", "1.5 GB"]
    assert [percent(0.0), percent(0.034), percent(0.5)] == ["0 %", "3.4 %", "50 %"]
    assert [times(3.21), times(27.3)] == ["3.2×", "27×"]
    assert hours(0.04267) == "0.0427 h"
