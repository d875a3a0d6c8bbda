"""The ledger: one row for every item that a stage did not process, with the reason.

``merge`` holds the ledgers against the inputs and outputs of each stage, so that nothing
can be lost without a row here.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Dict, Iterable, Iterator, List, Optional

from amela.errors import Rejected
from amela.io.jsonl import json_line, write_jsonl

LOGGED = 1_000  # rejections that the log tells one by one; all of them stand in the file

logger = logging.getLogger("ledger")


class Ledger:
    """Rejected items of one shard of one stage.

    Attributes:
        count: how many there are.
        first_reason: of the first of them.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.rows: List[Dict[str, Any]] = []
        self.count = 0
        self.first_reason: Optional[str] = None

    def reject(self, item: str, reason: str, filtered: bool = False, **details: Any) -> None:
        """Note that ``item`` goes no further.

        Args:
            item: id that the item has in the input of the stage.
            reason: one sentence for the user.
            filtered: a filter that the user set took it out; it does not count as a failure.
            details: anything else worth knowing (``recording=``, ``start=``, …).
        """
        row: Dict[str, Any] = {"id": item, "stage": self.stage, "reason": reason, **details}
        if filtered:
            row["filtered"] = True
        if self.count < LOGGED:
            logger.warning("rejected %s: %s", item, reason)
        elif self.count == LOGGED:
            logger.warning("more than %d rejected: the others stand in the table of rejected items alone", LOGGED)
        self.count += 1
        self.first_reason = self.first_reason or reason
        self._keep(row)

    def _keep(self, row: Dict[str, Any]) -> None:
        self.rows.append(row)

    @contextmanager
    def guard(self, item: str, **details: Any) -> Iterator[None]:
        """Turn ``Rejected``, raised inside the block, into a row; every other error passes."""
        try:
            yield
        except Rejected as error:
            self.reject(item, str(error), **details)

    def sort(self, items: Iterable[str]) -> None:
        """Put the rows in the order of ``items``, where they were processed in another one."""
        position = {item: index for index, item in enumerate(items)}
        self.rows.sort(key=lambda row: position[row["id"]])

    def write(self, path: Path) -> None:
        """Write the rows as JSON Lines (an empty file where nothing was rejected)."""
        write_jsonl(path, self.rows)


class StreamedLedger(Ledger):
    """Rows go to an open file as they come, so that a million of them take no memory; ``rows`` stays empty."""

    def __init__(self, stage: str, out: IO[str]) -> None:
        super().__init__(stage)
        self._out = out

    def _keep(self, row: Dict[str, Any]) -> None:
        self._out.write(json_line(row))
