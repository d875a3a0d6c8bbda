"""Quantities for people: a dash is unknown."""

from __future__ import annotations

from typing import Optional

UNKNOWN = "–"


def duration(seconds: Optional[float]) -> str:
    """Two units at most: ``0.42 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``, ``4 d 3 h``."""
    if seconds is None:
        return UNKNOWN
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    for unit, large, small, part in ((86_400, "d", "h", 3_600), (3_600, "h", "min", 60), (60, "min", "s", 1)):
        if whole >= unit:
            rest = (whole % unit) // part
            return f"{whole // unit} {large} {rest} {small}" if rest else f"{whole // unit} {large}"
    return f"{whole} s"


def size(megabytes: Optional[float]) -> str:
    """``84 MB`` or ``1.5 GB``."""
    if megabytes is None:
        return UNKNOWN
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def percent(share: Optional[float]) -> str:
    """A share of 1 in percent; small ones with a digit after the point."""
    if share is None:
        return UNKNOWN
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.1f} %"


def hours(value: Optional[float]) -> str:
    """Hours of speech."""
    return UNKNOWN if value is None else f"{value:.3g} h"


def times(ratio: Optional[float]) -> str:
    """How many times as much."""
    if ratio is None:
        return UNKNOWN
    return f"{ratio:.1f}×" if ratio < 10 else f"{ratio:.0f}×"
