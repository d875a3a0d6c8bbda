"""One writer at a time: a lock file beside an output names the job that writes it.

A file that is created exclusively, not ``flock``: not every cluster file system passes that
on between machines, and it names nobody.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Iterator, Optional, Type

from amela.errors import AmelaError
from amela.io.holder import Holder

HEARTBEAT = 20.0  # s between two signs of life: the lock file's time of modification
SILENCE = 300.0  # s without one: the holder is dead, if nothing else tells
PATIENCE = 600.0  # s that a second writer waits for the first
LONGEST_PAUSE = 5.0  # s between two looks
GONE = {errno.ENOENT, errno.ESTALE}  # the second on network file systems: removed or replaced from another machine

logger = logging.getLogger("lock")


class OutputLock:
    """Held from ``with`` to its end by the only writer of ``output``.

    A second writer waits, says for whom, and ends with an error that names the job. The lock
    of a job that is gone is taken over. ``check()`` before writing: a machine that slept for
    long, and was taken for dead, must not go on.

    Raises (on entering):
        AmelaError: another job holds it, and does not end within ``patience`` seconds.
    """

    def __init__(self, output: Path, patience: float = PATIENCE) -> None:
        self.output = output
        self.path = output.with_name(f".{output.name}.lock")
        self.patience = patience
        self._me = Holder.here()
        self._ended = threading.Event()

    def __enter__(self) -> OutputLock:
        self._me = Holder.here()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._acquire()
        self._ended.clear()
        threading.Thread(target=self._beat, name=f"lock {self.path}", daemon=True).start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._ended.set()
        try:
            with self._claim(self._me.token) as claim:
                if claim is not None:
                    self.path.unlink()
        except OSError as file_error:  # must not hide why the job fails, nor fail one whose output is whole
            logger.warning("%s is left, and will be taken over: %s", self.path, file_error)

    def check(self) -> None:
        """Raise AmelaError unless the lock is still ours."""
        holder = self._look()
        if holder is None or holder.token != self._me.token:
            raise AmelaError(
                f"this job was silent for so long that another took over: {holder or 'it has ended'}",
                self.output,
                "nothing is lost; if no other job is at it, start this one again",
            )

    def _acquire(self) -> None:
        deadline, pause, told = time.monotonic() + self.patience, 0.05, ""
        while not _create(self.path, self._me.to_json()):
            holder = self._look()  # None: released just now, or this machine's view is an old one
            if holder is not None and self._is_dead(holder):
                if self._take_over(holder):
                    return
            elif holder is not None and holder.token != told:
                logger.warning("waiting for %s, which writes %s", holder, self.output)
                told = holder.token
            if time.monotonic() > deadline:
                raise AmelaError(
                    f"another job writes this: {holder or 'this machine does not see which'}",
                    self.output,
                    f"wait for it or cancel it; if it is dead, remove {self.path}",
                )
            time.sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)

    def _look(self) -> Optional[Holder]:
        """Who holds the lock now; None: nobody."""
        try:
            text, stat = self.path.read_text("utf-8"), self.path.stat()
        except OSError as error:
            if error.errno in GONE:
                return None
            raise
        try:
            return Holder.from_json(text)
        except (ValueError, TypeError):  # torn: known by its time alone
            return Holder(f"torn-{stat.st_mtime_ns}", "", "a machine unknown", 0, 0, None, None, "a time unknown")

    def _is_dead(self, holder: Holder) -> bool:
        runs = holder.runs()
        return self._silent(self.path) if runs is None else not runs

    def _silent(self, path: Path) -> bool:
        """Whether a file has shown no sign of life for long, by the file system's own clock."""
        probe = path.with_name(f"{path.name}.{self._me.token}.probe")
        try:
            probe.touch()
            return probe.stat().st_mtime - path.stat().st_mtime > SILENCE
        except OSError as error:
            if error.errno in GONE:
                return False  # released just now
            raise
        finally:
            probe.unlink(missing_ok=True)

    @contextmanager
    def _claim(self, token: str) -> Iterator[Optional[Path]]:
        """The sole right to remove or replace the lock of ``token``: an empty file of ours; None if another's."""
        claim = self.path.with_name(f"{self.path.name}.{token}.claim")
        if not _create(claim):  # empty: on a full disk too, a lock can be released
            if self._silent(claim):  # its maker died in the middle
                claim.unlink(missing_ok=True)
            yield None
            return
        try:
            holder = self._look()
            yield claim if holder is not None and holder.token == token else None
        finally:
            claim.unlink(missing_ok=True)

    def _take_over(self, holder: Holder) -> bool:
        """Replace a dead job's lock by ours, unless another job is quicker."""
        with self._claim(holder.token) as claim:
            if claim is None:
                return False
            with claim.open("r+", encoding="utf-8") as out:  # ours still, never made anew
                out.write(self._me.to_json())
            os.replace(claim, self.path)  # names us: it is the lock now
        logger.warning("%s is gone: going on in its place with %s", holder, self.output)
        return True

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT):
            with suppress(OSError):  # a file system away for a while: check() judges
                holder = self._look()
                if holder is not None and holder.token == self._me.token:
                    os.utime(self.path)


def _create(path: Path, content: str = "") -> bool:
    """Write ``path``, whole or not at all, unless it exists."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True
