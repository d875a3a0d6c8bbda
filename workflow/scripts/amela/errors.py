"""Errors that a user can act on. Anything else is a bug and keeps its traceback."""

from __future__ import annotations

from typing import Optional

BETWEEN = " — "  # parts of a message


def what_happened(message: str) -> str:
    """Of an error's message: without where it was, which is another for every item, and what to do."""
    return message.partition(BETWEEN)[0]


class AmelaError(Exception):
    """Ends a stage with one line: what happened, where, and what to do about it."""

    def __init__(self, what: str, where: object = None, todo: Optional[str] = None) -> None:
        super().__init__(BETWEEN.join(str(part) for part in (what, where, todo) if part is not None))


class DataError(AmelaError):
    """A file between two stages breaks its documented format."""


class Rejected(AmelaError):
    """One item cannot be processed. Stages turn it into a row of their ledger and go on."""


class DeviceFull(Exception):
    """A batch does not fit into the memory of the device; a smaller one may."""
