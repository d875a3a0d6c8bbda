"""The audio of a shard as one file for each utterance, for other tools."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterable, Iterator, Tuple

import numpy as np
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.places import Places
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
        """
        place = self._places.new(item)
        path = self._part / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with sf.SoundFile(os.fsencode(path), "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC") as out:
            for block in blocks:
                out.write(block)
        return audio_location(self._final / place), 0.0


@contextmanager
def open_files(path: Path) -> Iterator[FileFolder]:
    """Folder of files that appears as ``path`` when the block succeeds."""
    with atomic_folder(path) as part:
        yield FileFolder(part, path)
