"""Recordings: what a corpus consists of, before anything is decoded."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

OWN_KEYS = ("id", "path", "bytes", "seconds")


@dataclass
class Recording:
    """One audio file of a corpus."""

    id: str
    path: str  # relative to the working directory where it lies below it, else absolute
    bytes: Optional[int]  # 0 if the file cannot be seen; None if nobody has looked
    seconds: Optional[float] = None  # what the header or the table says; never trusted
    metadata: Dict[str, Any] = field(default_factory=dict)  # speaker, language, text, child_id, …

    def to_row(self) -> Dict[str, Any]:
        """JSON object."""
        row = {"id": self.id, "path": self.path, "bytes": self.bytes, "seconds": self.seconds}
        return {**row, **{key: value for key, value in self.metadata.items() if key not in OWN_KEYS}}


def printable_id(name: str) -> str:
    """Percent signs, control characters and undecodable bytes of a name, percent-encoded."""
    if name.isprintable() and "%" not in name:
        return name
    return "".join(_encoded(char) if _needs_encoding(char) else char for char in name)


def _needs_encoding(char: str) -> bool:
    """``isprintable`` is no help here: it refuses wide spaces, which are fine in a name."""
    code = ord(char)
    return char == "%" or code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in (0x2028, 0x2029)


def _encoded(char: str) -> str:
    if 0xDC80 <= ord(char) <= 0xDCFF:  # Python's stand-in for a byte that is no UTF-8
        return "".join(f"%{byte:02X}" for byte in os.fsencode(char))
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def working_folder() -> str:
    """The working directory, as ``working_path`` takes it."""
    return os.path.join(os.getcwd(), "")


def working_path(path: str, here: Optional[str] = None) -> str:
    """``path`` relative to the working directory if it lies below it, else absolute.

    Args:
        here: ``working_folder()``, found once by those who ask of many paths.
    """
    absolute, here = os.path.abspath(path), here or working_folder()
    return absolute[len(here) :] if absolute.startswith(here) else absolute
