"""Long utterances in pieces that a recogniser can hold, cut at pauses."""

from __future__ import annotations

import dataclasses
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.load import Loader
from amela.io.manifest import Utterance

FRAME = SAMPLE_RATE // 100  # samples: cuts at quiet points fall on multiples of 10 ms
PAUSE = 20  # frames whose mean power tells how quiet a point is: 0.2 s
LEAST = SAMPLE_RATE // 2  # samples: no cut leaves less behind it, in which words would be made up

Intervals = Sequence[Sequence[float]]  # of speech: (start, end) in seconds, ascending


class Piece(NamedTuple):
    """A part of an utterance, in samples."""

    start: int
    stop: int

    @property
    def seconds(self) -> float:
        return (self.stop - self.start) / SAMPLE_RATE

    def of(self, utterance: Utterance) -> Utterance:
        """The utterance, its offset and duration those of the piece."""
        return dataclasses.replace(utterance, offset=utterance.offset + self.start / SAMPLE_RATE, duration=self.seconds)

    def has_speech(self, speech: Optional[Intervals]) -> bool:
        """Whether speech was found in it; where nobody looked, there may be some."""
        first, last = self.start / SAMPLE_RATE, self.stop / SAMPLE_RATE
        return speech is None or any(start < last and end > first for start, end in speech)


def whole(utterance: Utterance) -> Piece:
    return Piece(0, round(utterance.duration * SAMPLE_RATE))


def cut(
    piece: Piece, max_seconds: float, utterance: Utterance, speech: Optional[Intervals], load: Loader
) -> List[Piece]:
    """Pieces that cover a piece of an utterance without gap or overlap, none longer than ``max_seconds``.

    Each cut lies in the second half of the longest piece possible, and half a second before
    the end at least (or a quarter of ``max_seconds``): in the middle of the longest pause
    there, or, where there is none or nobody looked for them, at the quietest point. Audio is
    read for the latter alone.

    Args:
        piece: of the utterance.
        speech: where the voice activity detector found speech in the utterance; None: nobody looked.

    Raises:
        Rejected: audio that has to be looked at cannot be read.
    """
    return list(_cut(piece, round(max_seconds * SAMPLE_RATE), utterance, speech, load))


def _cut(
    piece: Piece, longest: int, utterance: Utterance, speech: Optional[Intervals], load: Loader
) -> Iterator[Piece]:
    start, stop = piece
    while stop - start > longest:
        latest = min(start + longest, stop - min(LEAST, longest // 4))
        half = Piece(latest - longest // 2, latest)
        end = _longest_pause(half, speech) if speech is not None else None
        if end is None:
            end = half.start + quietest(load(half.of(utterance)))
        yield Piece(start, end)
        start = end
    yield Piece(start, stop)


def _longest_pause(piece: Piece, speech: Intervals) -> Optional[int]:
    """Middle of the longest stretch without speech in a piece, the first of equals; None where there is none."""
    pauses: List[Tuple[int, int]] = []  # (length, middle)
    begin = piece.start
    for first, last in [*speech, (piece.stop / SAMPLE_RATE, piece.stop / SAMPLE_RATE)]:
        end = min(round(first * SAMPLE_RATE), piece.stop)
        if end > begin:
            pauses.append((end - begin, (begin + end) // 2))
        begin = max(begin, round(last * SAMPLE_RATE))
    return max(pauses, key=lambda pause: pause[0])[1] if pauses else None


def quietest(samples_N: np.ndarray) -> int:
    """Middle of the quietest 0.2 s, the first of equals; the end where there are less than 0.2 s."""
    frames = len(samples_N) // FRAME
    if frames < PAUSE:
        return len(samples_N)
    power = np.square(samples_N[: frames * FRAME], dtype=np.float64).reshape(frames, FRAME).mean(axis=1)
    total = np.cumsum(np.concatenate([[0.0], power]))
    return (int(np.argmin(total[PAUSE:] - total[:-PAUSE])) + PAUSE // 2) * FRAME
