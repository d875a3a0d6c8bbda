"""Journal of a long job: finished items survive a kill, keyed by what made them."""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Optional, Type

from amela.io.atomic import open_atomic
from amela.io.jsonl import json_line
from amela.io.lock import OutputLock

logger = logging.getLogger("journal")


class Journal:
    """Finished items of an unfinished job, beside its output.

    Used as a context manager; holds the output's lock, so that a second job on the same
    output waits for the first. Rows made with another fingerprint are thrown away, as is a
    last line that a kill left torn. ``remove()`` when the output is whole.
    """

    def __init__(self, output: Path, fingerprint: Dict[str, Any]) -> None:
        self.path = output.with_name(f".{output.name}.journal")
        self.fingerprint = json.loads(json.dumps(fingerprint))
        self.rows: Dict[str, Dict[str, Any]] = {}
        self._lock = OutputLock(output)

    def __enter__(self) -> Journal:
        self._lock.__enter__()
        try:
            self._begin()
        except BaseException as error:
            self._lock.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def _begin(self) -> None:
        content = self.path.read_bytes() if self.path.exists() else b""
        kept = content[: self._load(content)] or json_line({"fingerprint": self.fingerprint}).encode("utf-8")
        # A new file: a job that was taken for dead still has the old one open.
        with open_atomic(self.path, "wb") as out:
            out.write(kept)
        self._handle = self.path.open("ab")
        if self.rows:
            logger.info("%d items were finished before: going on after them", len(self.rows))

    def _load(self, content: bytes) -> int:
        """Fill ``rows``; returns how many bytes of the file are worth keeping."""
        self.rows = {}
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

    def check(self) -> None:
        """Before writing: raise AmelaError when another job has taken over."""
        self._lock.check()

    def add(self, row: Dict[str, Any]) -> None:
        """Note a finished item (``row["id"]``); it is on the disk when this returns.

        Raises AmelaError when another job has taken over.
        """
        self.check()
        self._handle.write(json_line(row).encode("utf-8"))
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self.rows[row["id"]] = row

    def remove(self) -> None:
        """The output is whole: the journal is no longer needed. Raises AmelaError when it is another job's now."""
        self.check()
        self.path.unlink(missing_ok=True)

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        with suppress(OSError):  # what found no room in ``add`` finds none now
            self._handle.close()
        self._lock.__exit__(kind, error, trace)
