"""Rows of the ledgers (docs/formats.md): items that a stage rejected, and those that a filter took out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List

from .dry_run import Job

ENDING = "rejected.jsonl"
SUMS_UP = {"merge"}  # rules whose ledgers repeat those of others


@dataclass
class Rejected:
    """Counts of rows."""

    rejected: int = 0
    filtered: int = 0
    broken: int = 0  # lines that are no row: of a ledger that is not whole

    def __iadd__(self, other: Rejected) -> Rejected:
        self.rejected += other.rejected
        self.filtered += other.filtered
        self.broken += other.broken
        return self


def ledgers_of(job: Job, folder: Path) -> List[Path]:
    """Ledgers that a job writes, those of them that are there."""
    if job.rule in SUMS_UP:
        return []
    paths = [folder / path for path in job.output]
    candidates = [path if path.name.endswith(ENDING) else path / ENDING for path in paths]
    return [path for path in candidates if path.is_file()]


def count(paths: Iterable[Path]) -> Rejected:
    """Rows of some ledgers."""
    total = Rejected()
    for path in paths:
        with path.open("rb") as lines:
            for line in lines:
                total += kind(line)
    return total


def kind(line: bytes) -> Rejected:
    """What one line counts as."""
    if not line.strip():
        return Rejected()
    try:
        row = json.loads(line)
        return Rejected(filtered=1) if row.get("filtered") else Rejected(rejected=1)
    except (ValueError, AttributeError):
        return Rejected(broken=1)
