"""The audio of a shard as one file for each utterance, for other tools."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterable, Iterator, Tuple

import numpy as np

from amela.audio.places import Places
from amela.audio.save import FlacFile
from amela.io.atomic import atomic_folder
from amela.io.manifest import audio_location


class FileFolder:
    """Audio files written in ``part``, which will be renamed to ``final``."""

    def __init__(self, part: Path, final: Path) -> None:
        self._part = part
        self._final = final
        self._places = Places(part)

    def write(self, item: str, blocks: Iterable[np.ndarray]) -> Tuple[Dict[str, str], float]:
        """Write int16 blocks as FLAC; the folders of ``item`` are kept.

        Returns:
            ``audio_location`` of the file, and seconds into it.

        Raises:
            AmelaError: they cannot be written.
        """
        place = self._places.new(item)
        with FlacFile(self._part / place) as out:
            for block in blocks:
                out.write(block)
        return audio_location(self._final / place), 0.0


@contextmanager
def open_files(path: Path) -> Iterator[FileFolder]:
    """Folder of files that appears as ``path`` when the block succeeds."""
    with atomic_folder(path) as part:
        yield FileFolder(part, path)
