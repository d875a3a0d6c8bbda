"""Audio by way of a local disk: each file is copied there once, read, and removed.

For shared file systems that are slow at small reads. Nothing else depends on it: rows name the
files themselves, and where a copy cannot be made or read, the file is read where it lies.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections import OrderedDict
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Optional, Set, TypeVar

import numpy as np

from amela.audio.load import load_stretch
from amela.errors import Rejected
from amela.io.manifest import Utterance
from amela.io.scratch import scratch_folder

MOST_COPIES = 1_000  # at a time
KEPT_FREE = 1 << 30  # bytes that other jobs find free, whatever is copied

logger = logging.getLogger("staging")
T = TypeVar("T")


class Copy(NamedTuple):
    """A copy in a folder of its own: decoders look at names, so that it keeps its name."""

    path: Path
    size: int  # bytes


class Stage:
    """Copies of audio files in ``folder``, of at most ``room`` bytes; the least recently read goes first.

    A file is copied once at most: what had to go and is asked for again is read where it
    lies, as is everything without a folder. Several threads may read at a time.
    """

    def __init__(self, folder: Optional[Path] = None, room: int = 0) -> None:
        self._folder = folder
        self._room = room
        self._copies: OrderedDict[str, Copy] = OrderedDict()
        self._tried: Set[str] = set()
        self._held = 0  # bytes
        self._lock = threading.Lock()  # of all of these
        self.n_copied = self.n_failed = 0  # files

    def load(self, utterance: Utterance) -> np.ndarray:
        """As ``load_utterance``."""
        return self.read(utterance.audio_path, lambda path: load_stretch(path, utterance))

    def read(self, path: Path, reader: Callable[[Path], T]) -> T:
        """What ``reader`` makes of the file.

        Raises:
            Rejected, OSError: by ``reader``, of the file itself.
        """
        with self._lock:
            copy = self._copy_of(str(path))
        if copy is not None:
            with suppress(Rejected, OSError):
                return reader(copy)
        return reader(path)

    def _copy_of(self, path: str) -> Optional[Path]:
        """Where it can be read; None: where it lies."""
        if path in self._copies:
            self._copies.move_to_end(path)
            return self._copies[path].path
        if self._folder is None or path in self._tried:
            return None
        self._tried.add(path)
        if not os.path.isfile(path) or _is_below(path, self._folder.parent):
            return None
        try:
            self._copies[path] = self._copied(path, self._folder / str(len(self._tried)))
        except OSError as error:
            self._give_up(path, error)
            return None
        return self._copies[path].path

    def _copied(self, path: str, folder: Path) -> Copy:
        """Raises OSError where there is no room, or copying fails."""
        size = os.path.getsize(path)
        self._make_room(size)
        folder.mkdir()
        try:
            copy = Copy(Path(shutil.copyfile(path, folder / os.path.basename(path))), size)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._held += size
        self.n_copied += 1
        return copy

    def _make_room(self, size: int) -> None:
        if size > self._room:
            raise OSError(f"it has {size} bytes, and there is room for {self._room}")
        while (
            self._held + size > self._room
            or len(self._copies) >= MOST_COPIES
            or shutil.disk_usage(self._folder).free < size + KEPT_FREE
        ):
            if not self._copies:
                raise OSError("the disk is full")
            _, oldest = self._copies.popitem(last=False)
            self._held -= oldest.size
            shutil.rmtree(oldest.path.parent)

    def _give_up(self, path: str, error: OSError) -> None:
        if not self.n_failed:
            logger.warning("%s is read where it lies, as may be others: %s", path, error)
        self.n_failed += 1


def _is_below(path: str, folder: Path) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))


@contextmanager
def staging(wanted: int, folder: Optional[Path]) -> Iterator[Stage]:
    """Stage below a folder (None: that of temporary files), with at most half of the room there.

    Audio is read where it lies unless it is wanted otherwise, and where the folder cannot be used.
    """
    with ExitStack() as stack:
        stage = Stage()
        if wanted:
            below = folder or Path(tempfile.gettempdir())
            try:
                stage = Stage(stack.enter_context(scratch_folder(below)), shutil.disk_usage(below).free // 2)
            except OSError as error:
                logger.warning("audio is read where it lies: %s", error)
        yield stage
        if stage.n_copied or stage.n_failed:
            logger.info("%d audio files were copied to a local disk, %d were not", stage.n_copied, stage.n_failed)
