"""Errors are one line: what, where, what to do."""

import pytest

from amela.errors import AmelaError, DataError, Rejected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bad row", "a.jsonl:3", "make it again"), "bad row — a.jsonl:3 — make it again"),
        (("bad row", "a.jsonl:3"), "bad row — a.jsonl:3"),
        (("bad row", None, "make it again"), "bad row — make it again"),
        (("bad row",), "bad row"),
    ],
)
def test_message(arguments, message):
    assert str(AmelaError(*arguments)) == message


def test_all_can_be_caught_as_one():
    assert all(issubclass(kind, AmelaError) for kind in (DataError, Rejected))
    assert not issubclass(Rejected, DataError), "a broken file must not become a row of the ledger"
