"""Mirrors workflow/scripts/amela/units/sequences.py."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from amela.errors import DataError
from amela.io.table import write_table
from amela.units.sequences import SCHEMA, UnitShard, deduplicate, read_units, split_lists, write_units

FINGERPRINT = {"encoder": "e", "hop": 0.02, "dimension": 3, "normalize": "speaker", "sha256": "s"}


def shard(*units):
    return UnitShard(
        [f"a/{i}" for i in range(len(units))], [np.array(u, np.uint16) for u in units], 0.02, 6_400, FINGERPRINT
    )


@pytest.mark.parametrize("units", [(), ([],), ([5],), ([], [6_399, 0, 0], [], [1])])
def test_round_trip(tmp_path, units):
    write_units(tmp_path / "u.parquet", shard(*units))
    found = read_units(tmp_path / "u.parquet")
    assert found.ids == [f"a/{i}" for i in range(len(units))]
    assert [u.tolist() for u in found.units] == [list(u) for u in units]
    assert all(u.dtype == np.uint16 for u in found.units)
    assert (found.hop, found.k, found.fingerprint) == (0.02, 6_400, FINGERPRINT)


def test_same_units_same_bytes(tmp_path):
    for name in "ab":
        write_units(tmp_path / name, shard([1, 2], [3]))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "ids, units, kind, message",
    [
        (["x", "x"], [[1], [2]], "units", "twice"),
        (["x"], [[6_400]], "units", "unit 6400 of 'x'"),
        (["x"], [[1]], "motifs", "kind"),
    ],
)
def test_refuses_a_broken_file(tmp_path, ids, units, kind, message):
    path = tmp_path / "u.parquet"
    write_table(path, {"id": ids, "units": units}, SCHEMA, kind, hop=0.02, k=6_400, fingerprint=FINGERPRINT)
    with pytest.raises(DataError, match=message):
        read_units(path)


def test_split_lists_of_a_slice_and_of_several_chunks():
    rows = [[1, 2], [], [3], [4, 5, 6], [7]]
    column = pa.chunked_array([pa.array(rows, pa.list_(pa.uint16())), pa.array([[8]], pa.list_(pa.uint16()))])
    assert [r.tolist() for r in split_lists(column.slice(1))] == [*rows[1:], [8]]


@pytest.mark.parametrize("units", [[], [3], [3, 3, 3], [1, 2, 1], [0, 0, 5, 5, 5, 0]])
def test_deduplicate(units):
    found, lengths = deduplicate(np.array(units, np.uint16))
    runs = [(unit, len(list(run))) for unit, run in itertools.groupby(units)]
    assert list(zip(found.tolist(), lengths.tolist())) == runs
    assert found.dtype == np.uint16
    assert np.repeat(found, lengths).tolist() == units
