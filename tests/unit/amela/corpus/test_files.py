"""Lists of files on the disk."""

import itertools
import os
from collections import Counter

import pytest

from amela.corpus.files import file_list, path_below
from amela.corpus.recordings import printable_id


def ids_of(names, folder=""):
    with file_list() as files:
        for name in names:
            files.add(os.path.join(folder, name))
        return [
            printable_id(path_below(file.name, folder) if folder else file.name) for file in files.in_order("number")
        ]


def ids_by_counting(names):
    """The same from a table of all stems in memory."""
    stems = Counter(os.path.splitext(name)[0] for name in set(names))
    split = [(name, os.path.splitext(name)[0]) for name in names]
    return [printable_id(name if stems[stem] > 1 or (stem != name and stem in names) else stem) for name, stem in split]


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
    assert ids_of(names) == ids


def test_ids_are_unique_whatever_the_names():
    parts = ["a", "a.wav", "a.mp3", "a.wav.wav", "a.wav.mp3", "a.wav.wav.wav", "b.wav", "b", "%61.wav", "a\n.wav"]
    for n in range(1, 5):
        for names in itertools.combinations(parts, n):
            assert len(set(ids_of(names))) == n


def test_ids_do_not_depend_on_where_the_files_lie():
    names = ["a.wav", "a.mp3", "b/c.wav", "b/c.wav.wav", ".x/d", "caf\udce9.wav", "a.wav"]
    assert ids_of(names) == ids_of(names, "/data/50%") == ids_of(names, "/") == ids_by_counting(names)


def test_many_names_agree_with_counting():
    endings = ["", ".wav", ".mp3", ".wav.flac", "."]
    names = [f"{folder}{n}{e}" for folder in ("", "a/", "a.wav/") for n in range(150) for e in endings[: n % 6]]
    assert ids_of(names) == ids_by_counting(names) and len(set(names)) == len(names) > 1_000


def test_a_file_that_is_listed_many_times_is_not_compared_with_each():
    with file_list() as files:
        for number in range(30_000):  # a quadratic search would take minutes
            files.add("/data/a.wav", f"table.csv:{number}")
        assert {file.name for file in files.in_order("number")} == {"/data/a"}


def test_sorted_as_python_sorts():
    names = ["b", "a/b", "a b", "a", "\U0001f600", "\uffee", "\udce9", "é", "B", "a\0b", "10", "2"]
    with file_list() as files:
        for name in names:
            files.add(name)
        assert [file.path for file in files.in_order("path")] == sorted(names)


def test_rows_come_back_as_they_were():
    row = {"path": "a.wav", "n": 2**70, "x": [1.5, None, True, {"y": "\udce9"}], "": ""}
    with file_list() as files:
        files.add("a.wav", "table.jsonl:1", row)
        (file,) = files.in_order("number")
    assert (file.item, file.row) == ("table.jsonl:1", row)


def test_what_is_left_out_makes_no_name_ambiguous():
    with file_list() as files:
        for name in ("a.wav", "a.mp3", "b.wav"):
            files.add(name)
        assert files.leave_out(lambda path: path.endswith(".mp3")) == 1
        assert [file.name for file in files.in_order("number")] == ["a", "b"]


def test_the_best_file_beside():
    with file_list() as files:
        for name in ("a.wav", "a.mp3", "b.wav", "c.wav"):
            files.add(name)
        for stem, rank in (("a", 1), ("a", 0), ("c", 1), ("d", 0)):
            files.add_beside(stem, rank)
        assert [file.beside for file in files.in_order("path")] == [0, 0, None, 1]


def test_paths_below_a_folder():
    assert path_below("/data/a/b.wav", "/data") == "a/b.wav"
    assert path_below("/b.wav", "/") == "b.wav"
    assert path_below("/database/b.wav", "/data") == "../database/b.wav"


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["/x/a", "/x/b"], "/x"),
        (["/x/yy", "/x/y/z"], "/x"),  # "/x/y" begins both, and is no folder of the first
        (["/x/y", "/x/y/z"], "/x"),
        (["/x/y/a", "/x/y/a"], "/x/y"),
        (["/x/y/c", "/x/y/b/a", "/x/y-/a"], "/x"),
        (["/a", "/b"], "/"),
        ([], None),
    ],
)
def test_the_folder_of_all_files(paths, folder):
    with file_list() as files:
        for path in paths:
            files.add(path)
        assert files.common_folder() == folder
