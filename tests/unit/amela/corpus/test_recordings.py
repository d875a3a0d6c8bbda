"""Names of recordings."""

import itertools
import os

import pytest

from amela.corpus.recordings import Recording, printable_id, recording_ids, working_path


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


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["a.wav", "b/a.wav"], ["a", "b/a"]),
        (["a.mp3", "a.wav", "b.wav"], ["a.mp3", "a.wav", "b"]),
        (["x.mp3", "x.wav", "x.wav.flac"], ["x.mp3", "x.wav", "x.wav.flac"]),  # the stem of the last is taken
        (["a", "a.wav"], ["a", "a.wav"]),
        (["a.wav", "a.WAV"], ["a.wav", "a.WAV"]),
        (["a.b/c", "a.b/c.d.wav"], ["a.b/c", "a.b/c.d"]),
        ([], []),
    ],
)
def test_the_ending_goes_unless_it_tells_two_files_apart(names, ids):
    assert recording_ids(names) == ids


def test_ids_are_unique_whatever_the_names():
    parts = ["a", "a.wav", "a.mp3", "a.wav.wav", "a.wav.mp3", "a.wav.wav.wav", "b.wav", "b", "%61.wav", "a\n.wav"]
    for n in range(1, 5):
        for names in itertools.combinations(parts, n):
            assert len(set(recording_ids(names))) == n


def test_paths_below_the_working_directory_are_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert working_path("a/../b.wav") == "b.wav"
    assert working_path(str(tmp_path / "a b" / "c.wav")) == os.path.join("a b", "c.wav")
    assert working_path("../c.wav") == str(tmp_path.parent / "c.wav")
    assert working_path(f"{tmp_path}-other/c.wav") == f"{tmp_path}-other/c.wav"


def test_metadata_cannot_replace_what_is_known():
    row = Recording("a", "a.wav", 10, 1.5, {"speaker": "anna", "bytes": 99}).to_row()
    assert row == {"id": "a", "path": "a.wav", "bytes": 10, "seconds": 1.5, "speaker": "anna"}
