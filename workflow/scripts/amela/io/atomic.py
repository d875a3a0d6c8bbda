"""Write a file or a folder, whole or not at all.

The temporary name is unique to the writer. A writer first removes what an earlier,
killed writer of the same path has left; if that one still runs, its own rename fails, so
that the last job started is the only one that can finish.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator


def _part(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{_escaped(path.name)}.*.part"):
        if left.name[len(path.name) + 2 : -len(".part")].isdigit():  # not of "shard-0.jsonl" for "shard-0"
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    return path.with_name(f".{path.name}.{secrets.randbelow(10**12)}.part")  # two machines may share a process id


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "[*?" else char for char in name)


@contextmanager
def open_atomic(path: Path, mode: str = "w") -> Iterator[IO]:
    """Handle ("w": UTF-8 text, "wb": bytes) on a file that appears as ``path`` when the block succeeds."""
    if mode not in ("w", "wb"):
        raise ValueError(f"mode must be 'w' or 'wb', not {mode!r}")
    part = _part(path)
    text = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    try:
        with part.open(mode, **text) as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Temporary file name, for libraries that want a name; renamed to ``path`` when the block succeeds."""
    part = _part(path)
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Empty temporary folder that takes the place of ``path`` when the block succeeds."""
    part = _part(path)
    part.mkdir()
    try:
        yield part
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
