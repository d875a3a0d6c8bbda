"""Mirrors amela/export/folder.py."""

import json

import pytest

from amela.errors import AmelaError
from amela.export.folder import describe
from amela.io.ledger import Ledger


def ledger_of(count):
    ledger = Ledger("export")
    for number in range(count):
        ledger.reject(f"u{number}", f"reason {number}")
    return ledger


def counts(entered, rejected):
    return {"format": "x", "in": entered, "out": entered - rejected, "rejected": rejected}


def test_the_folder_says_what_it_is_and_what_it_lacks(tmp_path):
    describe(tmp_path, counts(10, 1), ledger_of(1), 0.1)
    assert json.loads((tmp_path / "export.json").read_text()) == counts(10, 1)
    assert [json.loads(line)["id"] for line in (tmp_path / "rejected.jsonl").read_text().splitlines()] == ["u0"]


def test_nothing_rejected_leaves_an_empty_ledger(tmp_path):
    describe(tmp_path, counts(3, 0), ledger_of(0), 0.0)
    assert (tmp_path / "rejected.jsonl").read_text() == ""


@pytest.mark.parametrize(
    "entered, rejected, message",
    [
        (0, 0, r"nothing to export: of 0 utterances 0 were rejected$"),
        (2, 2, r"nothing to export: of 2 utterances 2 were rejected; the first: reason 0"),
        (10, 2, r"2 of 10 utterances were rejected \(20\.0%, allowed are 10\.0%\); the first: reason 0"),
    ],
)
def test_too_little_is_refused_with_the_first_reason(tmp_path, entered, rejected, message):
    with pytest.raises(AmelaError, match=message):
        describe(tmp_path, counts(entered, rejected), ledger_of(rejected), 0.1)
    assert not list(tmp_path.iterdir())
