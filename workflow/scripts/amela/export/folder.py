"""What lies beside the files of every export: what they are, and what is not among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

from amela.errors import AmelaError
from amela.io.ledger import Ledger

DESCRIPTION, LEDGER = "export.json", "rejected.jsonl"


def describe(folder: Path, description: Mapping[str, Any], ledger: Ledger, max_rejected: float) -> None:
    """Write export.json and rejected.jsonl into the folder.

    Args:
        description: with ``in``, ``out`` and ``rejected`` among its keys.
        max_rejected: share of the utterances (0-1).

    Raises:
        AmelaError: nothing is left, or more than ``max_rejected`` was rejected.
    """
    entered, lost = description["in"], description["rejected"]
    if not description["out"]:
        reason = f"; the first: {ledger.first_reason}" if lost else ""
        raise AmelaError(f"nothing to export: of {entered} utterances {lost} were rejected{reason}")
    if lost / entered > max_rejected:
        raise AmelaError(
            f"{lost} of {entered} utterances were rejected ({lost / entered:.1%}, allowed are {max_rejected:.1%});"
            f" the first: {ledger.first_reason}",
            todo="look into the log for the others, or raise max_rejected in the configuration",
        )
    content = json.dumps(dict(description), indent=2, ensure_ascii=False)
    (folder / DESCRIPTION).write_text(content + "\n", encoding="utf-8")
    ledger.write(folder / LEDGER)
