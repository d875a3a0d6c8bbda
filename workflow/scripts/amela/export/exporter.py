"""What every format of units has in common."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Iterator, Optional, Sequence, Tuple, Type

from amela.audio import SAMPLE_RATE
from amela.encoders.frames import hop_samples
from amela.io.manifest import Utterance


@dataclass(frozen=True)
class Corpus:
    """Whose units are exported."""

    name: str
    hop: float  # seconds a frame
    k: int  # size of the codebook


@dataclass(frozen=True)
class UnitSequence:
    """Units of an utterance as a format takes them: frame by frame, or a run of equal units as one."""

    units: Sequence[int]
    frames: Sequence[int]  # that each spans

    def times(self, hop: float) -> Iterator[Tuple[float, float]]:
        """Start and end of each unit, in seconds: frame i covers ``[i·hop, (i+1)·hop)``.

        Whole samples are divided by the sample rate, so that 3 frames of 0.02 s end at 0.06 and
        not at 0.06000000000000001. The last end may lie before or beyond that of the audio.
        """
        samples = hop_samples(hop)
        frame = 0
        for span in self.frames:
            yield frame * samples / SAMPLE_RATE, (frame + span) * samples / SAMPLE_RATE
            frame += span


class Exporter:
    """Writes the units of a corpus into a folder. A context manager; ``finish`` makes the files whole.

    The folder appears as a whole (``amela.io.atomic.atomic_folder``), so that its files need not.
    """

    runs_as_one = False  # what the tools of the format expect where ``deduplicate`` is left out

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        self.folder = folder
        self.corpus = corpus
        self._files = ExitStack()

    def add(self, utterance: Utterance, sequence: UnitSequence) -> None:
        """Take in one utterance. Raises Rejected where the format has no place for it."""
        raise NotImplementedError

    def finish(self) -> None:
        """After the last utterance."""

    def open(self, name: str) -> IO[str]:
        """A text file of the folder, closed at the end of the block."""
        # Paths may hold bytes that are no UTF-8; they are written as they were.
        return self._files.enter_context(
            (self.folder / name).open("w", encoding="utf-8", errors="surrogateescape", newline="\n")
        )

    def __enter__(self) -> Exporter:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._files.close()
