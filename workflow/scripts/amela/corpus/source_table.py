"""A corpus that is a table: CSV, TSV or JSON Lines, one recording a row."""

from __future__ import annotations

import csv
import json
import logging
import os
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from amela.corpus.directory import selection
from amela.corpus.recordings import Recording, printable_id, recording_ids, working_path
from amela.errors import AmelaError, Rejected
from amela.io.ledger import Ledger

PATH_COLUMNS = ("path", "audio_filepath", "file")  # the first of these that the table has
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl")
# Columns of AMELA's own rows, and of other people's manifests: their values are found anew.
OWN_COLUMNS = frozenset(
    "bytes seconds audio_filepath audio_relpath duration offset recording start end speech warning reference".split()
)
TEXT_COLUMNS = ("speaker", "language", "text")  # always strings: speaker 17 is a name, not a number
LONGEST_FIELD = 1 << 30  # characters; csv's own limit of 131,072 is less than a long transcript

logger = logging.getLogger("inventory")

Row = Dict[str, Any]
Line = Tuple[int, Row, Optional[str]]  # number, cells by column, what is wrong with it


@dataclass
class _Entry:
    """A row that names a path."""

    place: str  # table and line, for the ledger
    location: str  # absolute path
    row: Row


def list_table(source: str, include: Sequence[str], exclude: Sequence[str], ledger: Ledger) -> List[Recording]:
    """Recordings of a table in its order; ``seconds`` still unknown.

    Columns: ``path`` (or ``audio_filepath``, or ``file``), relative to the table's folder;
    optionally ``id``; every other column travels on as metadata, empty cells left out.
    Without an ``id``, a recording is called as in a directory, the directory being the
    table's folder or, if some path lies outside it, the deepest folder that holds them all.
    Patterns apply to the path below that directory. TSV knows no quotes. A row that names no
    file, or an id that stands before, becomes a row of the ledger.

    Raises:
        AmelaError: the table cannot be read, has no rows or no column with paths, or names
            no file that exists.
    """
    entries = _entries(source, ledger)
    root = _root(source, [entry.location for entry in entries])
    names = [os.path.relpath(entry.location, root) for entry in entries]
    wanted = selection(include, exclude)
    chosen = [(entry, name) for entry, name in zip(entries, names) if wanted(name)]
    ids = recording_ids([name for _, name in chosen])
    recordings: List[Recording] = []
    seen: Dict[str, str] = {}
    for (entry, _), id_ in zip(chosen, ids):
        with ledger.guard(entry.place, path=entry.location):
            recording = _recording(entry, id_)
            if recording.id in seen:
                raise Rejected(f"id {recording.id!r} stands before, at {seen[recording.id]}")
            seen[recording.id] = entry.place
            recordings.append(recording)
    if not recordings:
        reason = ledger.rows[0]["reason"] if ledger.rows else f"no row fits include and exclude ({len(entries)} do not)"
        raise AmelaError(f"no recording in this table: {reason}", source, "correct the table or the patterns")
    return recordings


def _entries(source: str, ledger: Ledger) -> List[_Entry]:
    """Rows with a path; others go to the ledger."""
    ending = os.path.splitext(source)[1].lower()
    if ending not in TABLE_ENDINGS:
        raise AmelaError(f"no kind of table that AMELA reads ({' '.join(TABLE_ENDINGS)}), no directory", source)
    read = _read_json_lines if ending == ".jsonl" else _read_delimited
    folder = os.path.dirname(os.path.abspath(source))
    entries: List[_Entry] = []
    columns: Dict[str, None] = {}  # ordered, as found
    n_rows = 0
    try:
        for line, row, fault in read(source):
            n_rows += 1
            place = f"{os.path.basename(source)}:{line}"
            with ledger.guard(printable_id(place)):
                if fault is not None:
                    raise Rejected(fault)
                columns.update(dict.fromkeys(row))
                location = os.path.normpath(os.path.join(folder, _path(row)))
                entries.append(_Entry(printable_id(place), location, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AmelaError(f"the table cannot be read: {error}", source, "save it as UTF-8 text") from error
    if not n_rows:
        raise AmelaError("the table has no rows", source)
    if columns and not any(column in columns for column in PATH_COLUMNS):
        raise AmelaError(
            f"no column with paths; columns: {', '.join(columns)}", source, f"name one of them {PATH_COLUMNS[0]!r}"
        )
    ignored = OWN_COLUMNS.intersection(columns).difference(PATH_COLUMNS)
    if ignored:
        logger.info("columns not taken over, since AMELA finds their values itself: %s", ", ".join(sorted(ignored)))
    return entries


def _path(row: Row) -> str:
    """The cell that names the file."""
    column = next((column for column in PATH_COLUMNS if column in row), None)
    value = row[column] if column is not None else None
    if value is None or value == "":
        raise Rejected("no path in this row")
    if not isinstance(value, str) or "\0" in value:
        raise Rejected(f"{value!r} is no path")
    return value


def _root(source: str, locations: Sequence[str]) -> str:
    """Folder that ids are relative to."""
    folder = os.path.dirname(os.path.abspath(source))
    if not locations or all(location.startswith(os.path.join(folder, "")) for location in locations):
        return folder
    return os.path.commonpath([os.path.dirname(location) for location in locations])


def _recording(entry: _Entry, derived_id: str) -> Recording:
    """Recording of a row. Raises Rejected on what cannot be used."""
    row = entry.row
    if row.get("offset") not in (None, "", 0, "0", "0.0"):
        raise Rejected(f"offset {row['offset']}: a stretch of a file is no recording; list the file once")
    try:
        size = os.stat(entry.location).st_size
    except OSError as error:
        raise Rejected(f"{error.strerror}") from error
    given = row.get("id")
    id_ = derived_id if given is None or given == "" else _given_id(given)
    return Recording(id_, working_path(entry.location), size, metadata=_metadata(row))


def _given_id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Rejected(f"{value!r} is no id")
    id_ = printable_id(str(value))
    if any(part in ("", ".", "..") for part in id_.split("/")):  # an id names files of the results
        raise Rejected(f"id {id_!r} cannot serve as a relative path")
    return id_


def _metadata(row: Row) -> Row:
    """Cells that travel on; empty ones are left out."""
    used = next(column for column in PATH_COLUMNS if column in row)
    kept = {
        column: value
        for column, value in row.items()
        if column not in OWN_COLUMNS and column not in ("id", "path", used, "") and value not in (None, "")
    }
    return {column: str(value) if column in TEXT_COLUMNS else value for column, value in kept.items()}


def _read_delimited(source: str) -> Iterator[Line]:
    """Rows of a CSV (quotes as in RFC 4180) or TSV (no quotes), by the header's columns."""
    csv.field_size_limit(LONGEST_FIELD)
    tabs = source.lower().endswith(".tsv")
    dialect: Dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if tabs else {}
    with open(source, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, **dialect)
        header = [column.strip() for column in next(reader, [])]
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise AmelaError(f"columns of the same name: {', '.join(map(repr, twice))}", source)
        for cells in reader:
            if cells:
                even = len(cells) == len(header)
                fault = None if even else f"{len(cells)} cells under {len(header)} columns"
                yield reader.line_num, dict(zip(header, cells)), fault


def _read_json_lines(source: str) -> Iterator[Line]:
    with open(source, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    row = json.loads(line, parse_constant=lambda name: None)  # NaN: an empty cell
                except ValueError as error:
                    raise AmelaError(f"not JSON: {error}", f"{source}:{number}") from error
                if not isinstance(row, dict):
                    raise AmelaError("expected a JSON object", f"{source}:{number}")
                yield number, row, None
