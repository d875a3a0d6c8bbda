"""JSON Lines: awkward text survives, broken files are named."""

import pytest

from amela.errors import DataError
from amela.io.jsonl import json_line, read_jsonl, write_jsonl


@pytest.mark.parametrize(
    "text", ["plain", "ɛ́ 語", "line\nbreak\r\n", "\u2028 \u2029 \x85 \x0b", '"quoted\\"', "\udcff lone", "", "\x00"]
)
def test_text_survives(tmp_path, text):
    rows = [{"id": text, text: [1, 2.5, None, {"nested": text}]}, {"id": "next"}]
    assert write_jsonl(tmp_path / "rows", rows) == 2
    assert list(read_jsonl(tmp_path / "rows")) == rows
    assert (tmp_path / "rows").read_bytes().count(b"\n") == 2


def test_letters_stay_readable():
    assert json_line({"text": "ɛ́ 語"}) == '{"text": "ɛ́ 語"}\n'


def test_numbers_that_json_lacks_are_a_bug(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_jsonl(tmp_path / "rows", [{"a": 1}, {"a": float("nan")}])
    assert not (tmp_path / "rows").exists()


def test_empty_file(tmp_path):
    assert write_jsonl(tmp_path / "rows", []) == 0
    assert list(read_jsonl(tmp_path / "rows")) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [(b"{", "not JSON"), (b"", "not JSON"), (b"[1]", "expected a JSON object"), (b'"a"', "expected a JSON object")],
)
def test_a_broken_line_is_named(tmp_path, line, reason):
    path = tmp_path / "rows"
    path.write_bytes(b'{"a": 1}\n' + line + b"\n")
    rows = read_jsonl(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(DataError, match=rf"{reason}.*rows:2"):
        next(rows)


def test_another_encoding_is_named(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes('{"a": "é"}\n'.encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8.*rows"):
        list(read_jsonl(path))
