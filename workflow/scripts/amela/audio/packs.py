"""The audio of a shard in packs: FLAC files of an hour, one utterance after the other.

A million utterances are a thousand files. To find an utterance in FLAC without a seek table takes a
few reads of 8 KB, whatever the length of the file: a load costs a seventh more than from a file of
its own. WAV would be quicker and twice as large.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterable, Iterator, Optional, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.places import Places
from amela.audio.save import FlacFile
from amela.io.atomic import atomic_folder
from amela.io.manifest import audio_location

PACK = 3_600 * SAMPLE_RATE  # samples after which no utterance is begun: some 65 MB, quick to copy to a local disk
# Samples: utterances begin at multiples of 1/128 s, which are exact as binary and as decimal fractions. Some
# readers (NeMo) cut offset * rate down to a whole number, which for one of 150 other starts is a sample too early.
ALIGNMENT = 125


class PackFolder:
    """Packs written in ``part``, which will be renamed to ``final``. No utterance begins after ``pack`` samples.

    What an utterance that breaks off has left stays in its pack, and the next begins after it.
    """

    def __init__(self, part: Path, final: Path, pack: int) -> None:
        self._part = part
        self._final = final
        self._pack = pack
        self._places = Places(part)
        self._number = 0
        self._place = ""
        self._out: Optional[FlacFile] = None

    def write(self, item: str, blocks: Iterable[np.ndarray]) -> Tuple[Dict[str, str], float]:
        """Write int16 blocks after the utterance before.

        Returns:
            ``audio_location`` of the file, and seconds into it.

        Raises:
            AmelaError: they cannot be written.
        """
        if self._out is None or self._out.length >= self._pack:
            self._out = self._next()
        self._out.write(np.zeros(-self._out.length % ALIGNMENT, np.int16))
        offset = self._out.length / SAMPLE_RATE
        for block in blocks:
            self._out.write(block)
        return audio_location(self._final / self._place), offset

    def _next(self) -> FlacFile:
        self.close()
        self._place = self._places.new(f"{self._number:04d}")
        self._number += 1
        return FlacFile(self._part / self._place)

    def close(self) -> None:
        """End the open pack; one in which nothing was written goes."""
        if self._out is None:
            return
        pack, self._out = self._out, None
        pack.close()
        if not pack.length:
            pack.path.unlink()


@contextmanager
def open_packs(path: Path, pack: int = PACK) -> Iterator[PackFolder]:
    """Folder of packs that appears as ``path`` when the block succeeds. ``pack``: samples.

    Raises:
        AmelaError: they cannot be written.
    """
    with atomic_folder(path) as part:
        folder = PackFolder(part, path, pack)
        yield folder
        folder.close()
