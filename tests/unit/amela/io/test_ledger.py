"""The ledger: rejections become rows, everything else stays an error."""

import pytest

from amela.errors import DataError, Rejected
from amela.io.jsonl import read_jsonl
from amela.io.ledger import Ledger


def test_rows(tmp_path):
    ledger = Ledger("vad")
    with ledger.guard("a", recording="r"):
        raise Rejected("unreadable", "a.wav")
    with ledger.guard("b"):
        pass
    ledger.reject("c", "too short", filtered=True, start=1.5)
    ledger.write(tmp_path / "rejected.jsonl")
    assert list(read_jsonl(tmp_path / "rejected.jsonl")) == [
        {"id": "a", "stage": "vad", "reason": "unreadable — a.wav", "recording": "r"},
        {"id": "c", "stage": "vad", "reason": "too short", "start": 1.5, "filtered": True},
    ]


@pytest.mark.parametrize("error", [ValueError, DataError, KeyboardInterrupt])
def test_other_errors_pass(error):
    ledger = Ledger("vad")
    with pytest.raises(error), ledger.guard("a"):
        raise error("bug")
    assert ledger.rows == []


def test_an_empty_ledger_is_a_file_too(tmp_path):
    Ledger("vad").write(tmp_path / "rejected.jsonl")
    assert (tmp_path / "rejected.jsonl").read_bytes() == b""
