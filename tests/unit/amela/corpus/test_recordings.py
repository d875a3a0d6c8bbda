"""Names of recordings."""

import itertools
import os

import pytest

from amela.corpus.recordings import Recording, printable_id, working_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anna/day 1/a-b_c.d", "anna/day 1/a-b_c.d"),
        ("ñandú/中文/e\u0301", "ñandú/中文/e\u0301"),
        ("wide\u3000space\u00a0here", "wide\u3000space\u00a0here"),
        ("50%", "50%25"),
        ("a\nb\tc\x7f\x85", "a%0Ab%09c%7F%C2%85"),
        ("line\u2028end", "line%E2%80%A8end"),
        (os.fsdecode(b"caf\xe9"), "caf%E9"),
        ("\ud800", "%ED%A0%80"),
        ('it\'s "quoted"', 'it\'s "quoted"'),
    ],
)
def test_what_cannot_be_printed_is_percent_encoded(name, expected):
    assert printable_id(name) == expected
    assert printable_id(name).encode("utf-8")


def test_different_names_have_different_ids():
    names = {
        "".join(parts) for n in (1, 2, 3) for parts in itertools.product(["%", "0", "A", "\n", "\udce9", "é"], repeat=n)
    }
    assert len({printable_id(name) for name in names}) == len(names)


def test_paths_below_the_working_directory_are_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert working_path("a/../b.wav") == "b.wav"
    assert working_path(str(tmp_path / "a b" / "c.wav")) == os.path.join("a b", "c.wav")
    assert working_path("../c.wav") == str(tmp_path.parent / "c.wav")
    assert working_path(f"{tmp_path}-other/c.wav") == f"{tmp_path}-other/c.wav"


def test_metadata_cannot_replace_what_is_known():
    row = Recording("a", "a.wav", 10, 1.5, {"speaker": "anna", "bytes": 99}).to_row()
    assert row == {"id": "a", "path": "a.wav", "bytes": 10, "seconds": 1.5, "speaker": "anna"}
