"""Journal of a long job: finished items survive a kill, keyed by what made them."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Dict, Optional, Type

from amela.io.jsonl import json_line

logger = logging.getLogger("journal")


class Journal:
    """Finished items of an unfinished job, beside its output.

    Used as a context manager; holds a lock, so that a second job on the same output waits
    for the first. Rows made with another fingerprint are thrown away, as is a last line
    that a kill left torn. ``remove()`` when the output is whole.
    """

    def __init__(self, output: Path, fingerprint: Dict[str, Any]) -> None:
        self.path = output.with_name(f".{output.name}.journal")
        self.fingerprint = json.loads(json.dumps(fingerprint))
        self.rows: Dict[str, Dict[str, Any]] = {}

    def __enter__(self) -> Journal:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._open_locked()
        self._handle.seek(0)
        whole = self._load(self._handle.read())
        self._handle.truncate(whole)
        if not whole:
            self._append({"fingerprint": self.fingerprint})
        if self.rows:
            logger.info("%d items were finished before: going on after them", len(self.rows))
        return self

    def _open_locked(self) -> IO[bytes]:
        while True:
            handle = open(self.path, "a+b")
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle.fileno()), self.path.stat()):
                    return handle
            handle.close()  # the job that we waited for has finished and removed it

    def _load(self, content: bytes) -> int:
        """Fill ``rows``; returns how many bytes of the file are worth keeping."""
        lines = content.split(b"\n")[:-1]  # what follows the last newline is torn, maybe within a character
        try:
            header, *rows = [json.loads(line) for line in lines] or [{}]
        except ValueError:  # a crash of the machine can leave zeros
            logger.warning("%s is damaged: beginning again", self.path)
            return 0
        if header.get("fingerprint") != self.fingerprint:
            return 0
        self.rows = {row["id"]: row for row in rows}
        return sum(len(line) + 1 for line in lines)

    def _append(self, row: Dict[str, Any]) -> None:
        self._handle.write(json_line(row).encode("utf-8"))
        self._handle.flush()
        os.fsync(self._handle.fileno())

    def add(self, row: Dict[str, Any]) -> None:
        """Note a finished item (``row["id"]``); it is on the disk when this returns."""
        self._append(row)
        self.rows[row["id"]] = row

    def remove(self) -> None:
        """The output is whole: the journal is no longer needed."""
        self.path.unlink(missing_ok=True)

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._handle.close()
