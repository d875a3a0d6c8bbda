"""A folder on a local disk that goes when its process goes."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Iterator, Optional

PREFIX = f"amela-{platform.node()}-"
LOCK = "lock"  # file in it, locked as long as its process lives


@contextmanager
def scratch_folder(below: Path) -> Iterator[Path]:
    """New folder of this process below another; removed at the end of the block, also on SIGTERM.

    First removes what processes of this machine have left that were killed.

    Raises:
        OSError: it cannot be made.
    """
    _remove_abandoned(below)
    with _sigterm_as_exit():
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=below))
        try:
            with _locked(folder / LOCK):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _locked(path: Path) -> IO[bytes]:
    """Open file that appears locked, so that nobody takes it for abandoned."""
    handle = path.with_suffix(".new").open("wb")
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.rename(handle.name, path)
    return handle


def _remove_abandoned(below: Path) -> None:
    for name in os.listdir(below):
        if name.startswith(PREFIX):
            with suppress(OSError), open(below / name / LOCK, "r+b") as handle:  # of other users, or gone
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(below / name)


@contextmanager
def _sigterm_as_exit() -> Iterator[None]:
    """SIGTERM, as a scheduler sends it, ends the block by SystemExit, unless somebody else handles it."""

    def end(number: int, frame: Optional[FrameType]) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not end the cleaning up
        sys.exit(128 + number)

    free = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not free or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
