"""Outputs appear whole or not at all."""

import os
from pathlib import Path

import pytest

from amela.io.atomic import atomic_folder, atomic_path, open_atomic


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with open_atomic(path) as out:
        out.write("é\u2028\n")
        assert not path.exists()
    assert path.read_bytes() == "é\u2028\n".encode()
    assert names(path.parent) == ["file.txt"]


def test_bytes(tmp_path):
    with open_atomic(tmp_path / "file", "wb") as out:
        out.write(b"\x00\r\n")
    assert (tmp_path / "file").read_bytes() == b"\x00\r\n"


@pytest.mark.parametrize("mode", ["a", "r+", "x"])
def test_nothing_is_edited_in_place(tmp_path, mode):
    with pytest.raises(ValueError, match="mode"), open_atomic(tmp_path / "file", mode):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_nothing_and_the_old_file_stays(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), open_atomic(path) as out:
        out.write("new")
        raise error
    with pytest.raises(error), atomic_path(path) as part:
        part.write_text("new")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_an_exception_leaves_the_old_folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(ValueError, match="stop"), atomic_folder(path) as part:
        (part / "new").touch()
        raise ValueError("stop")
    assert names(path) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "folder"
    for name in ("old", "new"):
        with atomic_folder(path) as part:
            (part / name).touch()
    assert names(path) == ["new"]


@pytest.mark.parametrize("name", ["shard-0.jsonl", "a [1]*?.jsonl"])
def test_what_a_killed_writer_left_is_removed(tmp_path, name):
    (tmp_path / f".{name}.12345.part").write_text("half")
    with open_atomic(tmp_path / name):
        pass
    assert names(tmp_path) == [name]


def test_writers_of_names_that_begin_alike_do_not_disturb_each_other(tmp_path):
    with open_atomic(tmp_path / "shard-0.jsonl") as rows, atomic_folder(tmp_path / "shard-0") as folder:
        rows.write("{}\n")
        (folder / "a.flac").touch()
    assert names(tmp_path) == ["shard-0", "shard-0.jsonl"]
    assert (tmp_path / "shard-0.jsonl").read_text() == "{}\n"


def test_of_two_writers_the_last_one_started_finishes(tmp_path, monkeypatch):
    path = tmp_path / "file"
    process = iter([1, 2])
    monkeypatch.setattr(os, "getpid", lambda: next(process))
    first = open_atomic(path)
    first.__enter__().write("first")
    with open_atomic(path) as out:
        out.write("second")
    with pytest.raises(FileNotFoundError):
        first.__exit__(None, None, None)
    assert path.read_text() == "second"
    assert names(tmp_path) == ["file"]


def test_a_library_gets_a_name_in_the_same_folder(tmp_path):
    with atomic_path(tmp_path / "model.bin") as part:
        assert part.parent == tmp_path
        assert part.name != "model.bin"
        Path(part).write_bytes(b"1")
    assert names(tmp_path) == ["model.bin"]
