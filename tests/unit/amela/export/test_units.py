"""Mirrors amela/export/units.py."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amela.errors import DataError
from amela.export.units import CorpusFiles, _sequence, export_units
from amela.io.ledger import Ledger

FINGERPRINT = {"encoder": "e", "hop": 0.02, "dimension": 39, "normalize": "none", "sha256": "s"}
SHARDS = [["b/2", "a/1"], [], ["c/1"]]
UNITS = {"b/2": [4, 4, 4, 0], "a/1": [1], "c/1": [2, 2]}


def run(corpus, folder, format="bpe-text", deduplicate=None):
    ledger = Ledger("export")
    files = CorpusFiles(corpus / "manifests", corpus / "units", len(SHARDS))
    folder.mkdir()
    spec = {"format": format, "deduplicate": deduplicate}
    return export_units(files, "corpus", spec, folder, ledger), ledger


def test_every_utterance_in_the_order_of_the_shards(corpus, tmp_path):
    description, ledger = run(corpus(SHARDS, UNITS), tmp_path / "out")
    assert (tmp_path / "out" / "ids.txt").read_text().split() == ["b/2", "a/1", "c/1"]
    assert (tmp_path / "out" / "all_units_for_bpe.txt").read_text() == "4 4 4 0\n1\n2 2\n"
    counts = {"in": 3, "out": 3, "rejected": 0, "units": 7}
    assert {key: description[key] for key in counts} == counts and not ledger.rows
    assert (description["deduplicate"], description["hop"], description["k"]) == (False, 0.02, 5)
    assert description["fingerprint"]["sha256"] == "s"


def test_what_has_no_place_is_rejected_and_counted(corpus, tmp_path):
    description, ledger = run(corpus(SHARDS, UNITS), tmp_path / "out", "discophon")
    assert (description["in"], description["out"], description["rejected"]) == (3, 2, 1)
    assert [row["id"] for row in ledger.rows] == ["c/1"]


@pytest.mark.parametrize("asked, written", [(None, [4, 0]), (True, [4, 0]), (False, [4, 4, 4, 0])])
def test_runs_count_as_one_where_it_is_asked_or_the_custom_of_the_format(corpus, tmp_path, asked, written):
    description, _ = run(corpus(SHARDS, UNITS), tmp_path / "out", "slamkit", asked)
    rows = [json.loads(line) for line in (tmp_path / "out" / "features.jsonl").read_text().splitlines()]
    assert rows[0]["units"] == written and sum(rows[0]["duration"]) == 4
    assert description["units"] == sum(len(row["units"]) for row in rows)


@given(st.lists(st.integers(0, 3)), st.booleans())
def test_a_sequence_gives_back_the_frames(units, as_one):
    sequence = _sequence(np.array(units, np.uint16), as_one)
    assert [unit for unit, span in zip(sequence.units, sequence.frames) for _ in range(span)] == units
    assert not as_one or all(a != b for a, b in zip(sequence.units, sequence.units[1:]))


def test_units_of_an_unknown_utterance_are_refused(corpus, tmp_path):
    folder = corpus(SHARDS, UNITS)
    (folder / "manifests" / "shard-2.jsonl").write_text("")
    with pytest.raises(DataError, match="1 utterances are not in .*shard-2.jsonl, the first 'c/1'"):
        run(folder, tmp_path / "out")


def test_units_of_two_codebooks_are_refused(corpus, tmp_path):
    with pytest.raises(DataError, match="made by something else: sha256 is 'other'"):
        run(corpus(SHARDS, UNITS, {2: {**FINGERPRINT, "sha256": "other"}}), tmp_path / "out")
