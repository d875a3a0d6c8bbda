"""Journal of a long job: finished items survive a kill, keyed by what made them."""
from __future__ import annotations

import fcntl
import json
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Optional, Type

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

    def __enter__(self) -> "Journal":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = open(self.path, "a+", encoding="utf-8")
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        self._handle.seek(0)
        whole = self._load(self._handle.read())
        self._handle.seek(0)
        self._handle.truncate(whole)
        if not whole:
            self._append({"fingerprint": self.fingerprint})
        if self.rows:
            logger.info("%d items were finished before: going on after them", len(self.rows))
        return self

    def _load(self, text: str) -> int:
        """Fill ``rows``; returns how many bytes of the file are worth keeping."""
        lines = [f"{line}\n" for line in text.split("\n")[:-1]]  # what follows the last newline is torn
        if not lines or json.loads(lines[0]).get("fingerprint") != self.fingerprint:
            return 0
        for line in lines[1:]:
            row = json.loads(line)
            self.rows[row["id"]] = row
        return sum(len(line.encode("utf-8")) for line in lines)

    def _append(self, row: Dict[str, Any]) -> None:
        self._handle.write(json_line(row))
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
