"""A corpus that is a table: CSV, TSV or JSON Lines, one recording a row."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
import sqlite3
from typing import Any, Dict, Iterable, Iterator, Optional, Tuple

from amela.corpus.directory import selection
from amela.corpus.files import File, FileList, file_list, path_below
from amela.corpus.listing import Listing, Look, answers
from amela.corpus.recordings import Recording, printable_id, working_folder, working_path
from amela.corpus.spool import spool
from amela.errors import AmelaError, Rejected

PATH_COLUMNS = ("path", "audio_filepath", "file")  # the first of these that the table has
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl")
# Columns of AMELA's own rows, and of other people's manifests: their values are found anew.
OWN_COLUMNS = frozenset(
    "bytes seconds audio_filepath audio_relpath duration offset recording start end speech warning reference".split()
)
DURATION_COLUMN = "duration"  # seconds; balances shards, and nothing else
NO_METADATA = OWN_COLUMNS | {"id", "path", ""}
TEXT_COLUMNS = ("speaker", "language", "text")  # always strings: speaker 17 is a name, not a number
LONGEST_FIELD = 1 << 30  # characters; csv's own limit of 131,072 is less than a long transcript

logger = logging.getLogger("inventory")

Row = Dict[str, Any]
Line = Tuple[int, Row, Optional[str]]  # number, cells by column, what is wrong with it


def list_table(source: str, listing: Listing) -> Iterator[Recording]:
    """Recordings of a table in its order.

    Columns: ``path`` (or ``audio_filepath``, or ``file``), relative to the table's folder;
    optionally ``id``, and ``duration`` in seconds, which saves opening the file; every other
    column travels on as metadata, empty cells left out.
    Without an ``id``, a recording is called as in a directory, the directory being the
    table's folder or, if some path lies outside it, the deepest folder that holds them all.
    Patterns apply to the path below that directory. TSV knows no quotes. A row that names no
    file, or an id that stands before, becomes a row of the ledger.

    Raises:
        AmelaError: the table cannot be read, has no rows or no column with paths, or names
            no file that exists.
    """
    with file_list() as files, spool("CREATE TABLE ids (id TEXT PRIMARY KEY, item TEXT) WITHOUT ROWID") as taken:
        root, n_files = _fill(files, source, listing)
        if listing.include or listing.exclude:
            wanted = selection(listing.include, listing.exclude)
            listing.listed -= files.leave_out(lambda path: not wanted(path_below(path, root)))
        count, here = 0, working_folder()
        for file, look in answers(lambda file: (file, _look(file, listing)), files.in_order("number")):
            with listing.ledger.guard(file.item, path=file.path):
                recording = _recording(file, look, root, here)
                _take(recording.id, file.item, taken)
                count += 1
                yield recording
    if not count:
        reason = listing.ledger.first_reason or f"no row fits include and exclude ({n_files} do not)"
        raise AmelaError(f"no recording in this table: {reason}", source, "correct the table or the patterns")


def _fill(files: FileList, source: str, listing: Listing) -> Tuple[str, int]:
    """Put the rows with a path on the list, others into the ledger: (folder that ids start at, rows with a path)."""
    ending = os.path.splitext(source)[1].lower()
    if ending not in TABLE_ENDINGS:
        raise AmelaError(f"no kind of table that AMELA reads ({' '.join(TABLE_ENDINGS)}), no directory", source)
    read = _read_json_lines if ending == ".jsonl" else _read_delimited
    folder = os.path.dirname(os.path.abspath(source))
    columns: Dict[str, None] = {}  # ordered, as found
    table = os.path.basename(source)
    n_rows = n_files = 0
    try:
        for line, row, fault in read(source):
            n_rows += 1
            item = printable_id(f"{table}:{line}")
            with listing.ledger.guard(item):
                if fault is not None:
                    raise Rejected(fault)
                if not row.keys() <= columns.keys():
                    columns.update(dict.fromkeys(row))
                files.add(os.path.normpath(os.path.join(folder, _path(row))), item, row)
                n_files += 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AmelaError(f"the table cannot be read: {error}", source, "save it as UTF-8 text") from error
    listing.listed += n_rows
    _check_columns(source, columns, n_rows)
    common = files.common_folder()
    inside = common is None or os.path.join(common, "").startswith(os.path.join(folder, ""))
    return folder if inside else common, n_files


def _check_columns(source: str, columns: Iterable[str], n_rows: int) -> None:
    if not n_rows:
        raise AmelaError("the table has no rows", source)
    if columns and not any(column in columns for column in PATH_COLUMNS):
        raise AmelaError(
            f"no column with paths; columns: {', '.join(columns)}", source, f"name one of them {PATH_COLUMNS[0]!r}"
        )
    if DURATION_COLUMN in columns:
        logger.info("column %s: balances the shards where it fits the file's size", DURATION_COLUMN)
    ignored = OWN_COLUMNS.intersection(columns).difference(PATH_COLUMNS, [DURATION_COLUMN])
    if ignored:
        logger.info("columns not taken over, since AMELA finds their values itself: %s", ", ".join(sorted(ignored)))


def _path_column(row: Row) -> Optional[str]:
    for column in PATH_COLUMNS:
        if column in row:
            return column
    return None


def _path(row: Row) -> str:
    """The cell that names the file."""
    value = row.get(_path_column(row))
    if value is None or value == "":
        raise Rejected("no path in this row")
    if not isinstance(value, str) or "\0" in value:
        raise Rejected(f"{value!r} is no path")
    return value


def _look(file: File, listing: Listing) -> Look:
    return listing.look(file.path, _told_seconds(file.row))


def _told_seconds(row: Row) -> Optional[float]:
    """Seconds that the row tells, if they can be meant."""
    value = row.get(DURATION_COLUMN)
    try:
        seconds = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return round(seconds, 3) if 0 < seconds < math.inf else None


def _recording(file: File, look: Look, root: str, here: str) -> Recording:
    """Recording of a row. Raises Rejected on what cannot be used."""
    row = file.row
    if row.get("offset") not in (None, "", 0, "0", "0.0"):
        raise Rejected(f"offset {row['offset']}: a stretch of a file is no recording; list the file once")
    if look.fault is not None:
        raise Rejected(look.fault)
    given = row.get("id")
    id_ = printable_id(path_below(file.name, root)) if given is None or given == "" else _given_id(given)
    return Recording(id_, working_path(file.path, here), look.bytes, look.seconds, metadata=_metadata(row))


def _take(id_: str, item: Optional[str], taken: sqlite3.Connection) -> None:
    """Raise Rejected if an item before had this id."""
    if not taken.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (id_, item)).rowcount:
        ((before,),) = taken.execute("SELECT item FROM ids WHERE id = ?", (id_,))
        raise Rejected(f"id {id_!r} stands before, at {before}")


def _given_id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Rejected(f"{value!r} is no id")
    id_ = printable_id(str(value))
    if any(part in ("", ".", "..") for part in id_.split("/")):  # an id names files of the results
        raise Rejected(f"id {id_!r} cannot serve as a relative path")
    return id_


def _metadata(row: Row) -> Row:
    """Cells that travel on; empty ones are left out."""
    used = _path_column(row)
    return {
        column: str(value) if column in TEXT_COLUMNS else value
        for column, value in row.items()
        if column not in NO_METADATA and column != used and value not in (None, "")
    }


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
