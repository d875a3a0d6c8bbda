"""JSON Lines: one object a line, UTF-8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator

from amela.errors import DataError
from amela.io.atomic import open_atomic

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)  # json.dumps would make one for each line


def json_line(row: Dict[str, Any]) -> str:
    """One line, readable as text; file names that are no valid UTF-8 are escaped."""
    line = _ENCODER.encode(row)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:  # undecodable bytes of a file name arrive as lone surrogates
        line = json.dumps(row, allow_nan=False)
    return line + "\n"


def write_jsonl(path: Path, rows: Iterable[Dict[str, Any]]) -> int:
    """Write the rows, whole or not at all; returns how many."""
    return write_lines(path, map(json_line, rows))


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines that ``json_line`` has made, whole or not at all; returns how many."""
    count = 0
    with open_atomic(path) as out:
        for line in lines:
            out.write(line)
            count += 1
    return count


def read_jsonl(path: Path) -> Iterator[Dict[str, Any]]:
    """Rows in file order. Raises DataError with file and line on anything that is not an object."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield _object(line, f"{path}:{number}")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error}", path) from error


def _object(line: str, where: str) -> Dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(f"not JSON: {error}", where) from error
    if not isinstance(row, dict):
        raise DataError("expected a JSON object", where)
    return row
