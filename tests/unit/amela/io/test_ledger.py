"""The ledger: rejections become rows, everything else stays an error."""

import pytest

from amela.errors import DataError, Rejected
from amela.io.jsonl import read_jsonl
from amela.io.ledger import LOGGED, Ledger, StreamedLedger


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


def test_rows_in_the_order_of_the_items():
    ledger = Ledger("segment")
    for item, reason in (("b", "first"), ("a", "damaged"), ("b", "second")):
        ledger.reject(item, reason)
    ledger.sort(["a", "unharmed", "b"])
    assert [(row["id"], row["reason"]) for row in ledger.rows] == [("a", "damaged"), ("b", "first"), ("b", "second")]


def test_an_empty_ledger_is_a_file_too(tmp_path):
    Ledger("vad").write(tmp_path / "rejected.jsonl")
    assert (tmp_path / "rejected.jsonl").read_bytes() == b""


def test_a_streamed_ledger_writes_the_same_and_keeps_nothing(tmp_path):
    kept = Ledger("inventory")
    with (tmp_path / "streamed.jsonl").open("w", encoding="utf-8") as out:
        streamed = StreamedLedger("inventory", out)
        for ledger in (kept, streamed):
            ledger.reject("a", "no path", path="caf\udce9")
            ledger.reject("b", "another reason")
    kept.write(tmp_path / "kept.jsonl")
    assert (tmp_path / "streamed.jsonl").read_bytes() == (tmp_path / "kept.jsonl").read_bytes()
    assert streamed.rows == [] and streamed.count == kept.count == 2
    assert streamed.first_reason == kept.first_reason == "no path"


def test_the_log_is_not_flooded(caplog):
    ledger = Ledger("inventory")
    for number in range(LOGGED + 50):
        ledger.reject(str(number), "gone")
    assert len(caplog.messages) == LOGGED + 1 and "the others stand in" in caplog.messages[-1]
    assert len(ledger.rows) == ledger.count == LOGGED + 50
