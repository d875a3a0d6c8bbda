"""Parquet tables: what they hold and what made them travel with the data."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amela.errors import DataError
from amela.io.table import read_table, write_table

SCHEMA = pa.schema([("id", pa.string()), ("units", pa.list_(pa.uint16()))])
COLUMNS = {"id": ["é/\u2028", "b"], "units": [np.array([1, 65535], np.int64), []]}


def test_data_and_metadata_come_back(tmp_path):
    write_table(tmp_path / "t", COLUMNS, SCHEMA, "units", hop=0.01, fingerprint={"k": [1, "ü"]})
    table, metadata = read_table(tmp_path / "t", "units")
    assert table.to_pydict() == {"id": ["é/\u2028", "b"], "units": [[1, 65535], []]}
    assert table.schema.field("units").type == pa.list_(pa.uint16())
    assert metadata == {"kind": "units", "hop": 0.01, "fingerprint": {"k": [1, "ü"]}}


def test_the_same_table_is_the_same_bytes(tmp_path):
    for name, metadata in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        write_table(tmp_path / name, COLUMNS, SCHEMA, "units", **metadata)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_value_that_does_not_fit_leaves_no_file(tmp_path):
    with pytest.raises(pa.ArrowInvalid):
        write_table(tmp_path / "t", {"id": ["a"], "units": [[65536]]}, SCHEMA, "units")
    assert list(tmp_path.iterdir()) == []


def test_empty_table(tmp_path):
    write_table(tmp_path / "t", {"id": [], "units": []}, SCHEMA, "units")
    assert read_table(tmp_path / "t", "units")[0].num_rows == 0


def test_another_kind_is_refused(tmp_path):
    write_table(tmp_path / "t", COLUMNS, SCHEMA, "units")
    with pytest.raises(DataError, match="kind 'codebook', found 'units'"):
        read_table(tmp_path / "t", "codebook")


def test_a_foreign_parquet_file_is_refused(tmp_path):
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "t")
    with pytest.raises(DataError, match="found None"):
        read_table(tmp_path / "t", "units")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all, but long enough"])
def test_what_is_no_parquet_is_refused(tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(DataError, match="no readable Parquet file"):
        read_table(tmp_path / "t", "units")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="no readable Parquet file"):
        read_table(tmp_path / "t", "units")


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path):
    write_table(tmp_path / "corpus=x" / "t", COLUMNS, SCHEMA, "units")
    assert read_table(tmp_path / "corpus=x" / "t", "units")[0].column_names == ["id", "units"]
