"""What the VAD table says of each file: stretches with and without speech, and where to cut.

Standard library only. Intervals are (start, end) pairs in seconds as ``speech_intervals``
gives them: ascending, not overlapping, inside the file.
"""

from __future__ import annotations

import math
from typing import Dict, List, Sequence, Tuple

Intervals = Sequence[Sequence[float]]

TARGET = 30.0  # seconds; the length that pieces of a long file should have
TOLERANCE = 10.0  # seconds; how far from its target a cut may lie
MIN_PAUSE = 0.3  # seconds; shorter pauses are not cut
DECIMALS = 7  # of seconds, as in amela.vad.intervals


def stretches(speech: Intervals, duration: float) -> Tuple[List[float], List[float]]:
    """Lengths (s) of the stretches with and of those without speech, in order; together they are the file."""
    spoken = [end - start for start, end in speech]
    starts, ends = [start for start, _ in speech], [end for _, end in speech]
    silent = [start - end for end, start in zip([0.0, *ends], [*starts, duration])]
    return spoken, [length for length in silent if length > 0]


def speech_ratio(speech: Intervals, duration: float) -> float:
    """Share of speech, 0-1; 0 for a file without samples."""
    return round(math.fsum(end - start for start, end in speech) / duration, DECIMALS) if duration > 0 else 0.0


def speech_statistics(speech: Intervals, duration: float) -> Dict[str, float]:
    """Longest, shortest and mean stretch with speech and without (s; 0 where there is none), share of speech."""
    row = {}
    for name, lengths in zip(("spoken", "nospch"), stretches(speech, duration)):
        lengths = lengths or [0.0]
        values = {"max": max(lengths), "min": min(lengths), "avg": math.fsum(lengths) / len(lengths)}
        row.update({f"{key}-{name}": round(value, DECIMALS) for key, value in values.items()})
    row["spch-ratio"] = speech_ratio(speech, duration)
    return row


def split_points(speech: Intervals, duration: float) -> List[float]:
    """Where to cut a long file: in the middle of pauses, about every 30 s.

    The first target is TARGET. A cut goes to the middle of the pause that is nearest to the
    target (the earlier of two), at least MIN_PAUSE long and within TOLERANCE; the next
    target is TARGET after the cut. Where no pause will do, the search goes on at TARGET
    after the target.

    Args:
        speech: intervals of speech; only pauses between two of them are cut.
        duration: seconds of the file.

    Returns:
        Seconds, ascending; empty for a file without a target inside.
    """
    pauses = [(end, start) for (_, end), (start, _) in zip(speech, speech[1:])]
    middles = [round((begin + end) / 2, DECIMALS) for begin, end in pauses if end - begin >= MIN_PAUSE]
    points: List[float] = []
    target, first = TARGET, 0
    while target < duration:
        while first < len(middles) and middles[first] < target - TOLERANCE:
            first += 1
        near = []
        for middle in middles[first:]:
            if middle > target + TOLERANCE:
                break
            near.append(middle)
        if near:
            points.append(min(near, key=lambda middle: abs(middle - target)))
            target = points[-1]
        target += TARGET
    return points
