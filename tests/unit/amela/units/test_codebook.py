"""Mirrors workflow/scripts/amela/units/codebook.py."""

import hashlib

import numpy as np
import pytest

from amela.errors import DataError
from amela.io.table import write_table
from amela.units.codebook import KIND, SCHEMA, make_codebook, read_codebook, write_codebook

MADE_BY = {"encoder": "e", "hop": 0.01, "dimension": 2, "normalize": "speaker"}
CENTROIDS = np.array([[1, 2], [3, 4], [0.1, -5]], dtype=np.float32)


def test_round_trip(tmp_path):
    codebook = make_codebook(CENTROIDS, np.array([5, 0, 7]), MADE_BY)
    write_codebook(tmp_path / "c.parquet", codebook)
    found = read_codebook(tmp_path / "c.parquet")
    np.testing.assert_array_equal(found.centroids_KD, CENTROIDS)
    assert found.centroids_KD.dtype == np.float32
    assert found.frames_K.tolist() == [5, 0, 7]
    assert found.k == 3 and found.hop == 0.01
    assert found.fingerprint == {**MADE_BY, "sha256": hashlib.sha256(CENTROIDS.tobytes()).hexdigest()}


def test_the_fingerprint_tells_numberings_apart():
    one, other = (make_codebook(c, np.ones(3, int), MADE_BY) for c in (CENTROIDS, CENTROIDS[::-1]))
    assert one.fingerprint != other.fingerprint


def test_refuses_other_centroids_under_the_same_fingerprint(tmp_path):
    fingerprint = make_codebook(CENTROIDS, np.ones(3, int), MADE_BY).fingerprint
    columns = {"unit": range(3), "centroid": list(CENTROIDS + 1), "frames": [1, 1, 1]}
    write_table(tmp_path / "c.parquet", columns, SCHEMA, KIND, fingerprint=fingerprint)
    with pytest.raises(DataError, match="not those of the fingerprint"):
        read_codebook(tmp_path / "c.parquet")
