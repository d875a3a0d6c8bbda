"""Tables and quantities as text that reads well in a terminal."""

from __future__ import annotations

import textwrap
from typing import List, Optional, Sequence

WIDTH = 100  # of lines of prose


def aligned(header: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1) -> str:
    """A table: the first ``left`` columns to the left, the others to the right."""
    texts = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]

    def line(row: List[str]) -> str:
        cells = [f"{cell:<{w}}" if i < left else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    return "\n".join([line(texts[0]), "  ".join("-" * width for width in widths), *map(line, texts[1:])])


def duration(seconds: Optional[float]) -> str:
    """``3 d 4 h``, ``2 h 05 min``, ``40 s``; ``unknown`` where there is none."""
    if seconds is None:
        return "unknown"
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def hours(value: float) -> str:
    """Hours with as many digits as matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 0.95 else f"{value:.2g}"


def size(megabytes: float) -> str:
    """Megabytes in the unit that fits."""
    for unit in ("MB", "GB", "TB"):
        if megabytes < 1000:
            return f"{megabytes:.0f} {unit}" if megabytes >= 10 or not megabytes else f"{megabytes:.1f} {unit}"
        megabytes /= 1000
    return f"{megabytes:,.1f} PB"


def and_more(name: str, number: int) -> str:
    """The first of ``number`` things, and how many more there are."""
    return f"{name} and {number - 1} more" if number > 1 else name


def fold(text: str) -> str:
    """Lines that are too long go on in the next, indented."""
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in text.splitlines()
    )


def block(title: str, text: str) -> str:
    """Lines under a title, indented."""
    return "\n".join([title, *(f"  {line}" for line in text.splitlines())])
