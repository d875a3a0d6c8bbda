import numpy as np
import pyarrow as pa
import pytest

from amela.errors import DataError
from amela.io.table import write_table
from amela.vad.probabilities import KIND, SCHEMA, read_probabilities, write_probabilities

DETECTOR = {"backend": "webrtc", "aggressiveness": 3}


def test_written_is_read(tmp_path):
    written = {"b": np.array([0.1, 0.9], np.float32), "a b/ü": np.zeros(0, np.float32), "c": np.ones(700, np.float32)}
    write_probabilities(tmp_path / "p.parquet", written, 0.03, DETECTOR)
    read, hop, fingerprint = read_probabilities(tmp_path / "p.parquet")
    assert list(read) == list(written) and (hop, fingerprint) == (0.03, DETECTOR)
    assert all(read[key].dtype == np.float32 and np.array_equal(read[key], written[key]) for key in written)


def test_an_empty_shard(tmp_path):
    write_probabilities(tmp_path / "p.parquet", {}, 0.03, DETECTOR)
    assert read_probabilities(tmp_path / "p.parquet") == ({}, 0.03, DETECTOR)


def test_another_table_is_refused(tmp_path):
    schema = pa.schema([("id", pa.string()), ("units", pa.list_(pa.uint16()))])
    write_table(tmp_path / "u.parquet", {"id": ["a"], "units": [[1]]}, schema, KIND)
    with pytest.raises(DataError, match="columns"):
        read_probabilities(tmp_path / "u.parquet")


def test_an_id_that_stands_twice_is_refused(tmp_path):
    columns = {"id": ["a", "a"], "probabilities": [[0.5], [0.5]]}
    write_table(tmp_path / "p.parquet", columns, SCHEMA, KIND, hop=0.03, fingerprint=DETECTOR)
    with pytest.raises(DataError, match="twice"):
        read_probabilities(tmp_path / "p.parquet")
