"""Parquet tables that carry, in their metadata, what they are and what made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from amela.errors import DataError
from amela.io.atomic import atomic_path

KEY = b"amela"


def write_table(path: Path, columns: Mapping[str, Any], schema: pa.Schema, kind: str, **metadata: Any) -> None:
    """Write one Parquet file, whole or not at all.

    Args:
        columns: column name → list, NumPy array or Arrow array.
        schema: Arrow schema of the file; columns are cast to it.
        kind: what the table holds ("units", "codebook", …); readers ask for it.
        metadata: anything that JSON can hold; ``fingerprint=`` where others must match it.
    """
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    header = json.dumps({"kind": kind, **metadata}, sort_keys=True).encode()
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata({KEY: header}))
    with atomic_path(path) as part:
        pq.write_table(table, part, compression="zstd")


def read_table(path: Path, kind: str) -> Tuple[pa.Table, Dict[str, Any]]:
    """Table and its metadata. Raises DataError when it is no AMELA table of this kind."""
    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"no readable Parquet file: {error}", path) from error
    metadata = json.loads((table.schema.metadata or {}).get(KEY, b"{}"))
    if metadata.get("kind") != kind:
        raise DataError(f"expected a table of kind {kind!r}, found {metadata.get('kind')!r}", path)
    return table, metadata
