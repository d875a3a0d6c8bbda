"""Mirrors amela/export/tensors.py."""

import json

import numpy as np
import pytest

from amela.errors import Rejected
from amela.export.tensors import Mirror, UnitTensors, save_array
from amela.io.manifest import Utterance


def test_both_kinds_of_files_hold_the_array(tmp_path):
    torch = pytest.importorskip("torch")
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    for suffix in (".npy", ".pt"):
        save_array(tmp_path / f"a/b{suffix}", array)
    np.testing.assert_array_equal(np.load(tmp_path / "a/b.npy", allow_pickle=False), array)
    tensor = torch.load(tmp_path / "a/b.pt", weights_only=True)
    assert tensor.dtype == torch.float32 and torch.equal(tensor, torch.from_numpy(array))


@pytest.mark.parametrize("suffix", [".npy", ".pt"])
def test_the_same_array_gives_the_same_bytes_whatever_the_name(tmp_path, suffix):
    pytest.importorskip("torch")
    paths = [tmp_path / f"{name}{suffix}" for name in ("a", "other")]
    for path in paths:
        save_array(path, np.arange(6, dtype=np.int64))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_part_of_an_array_does_not_carry_the_whole(tmp_path):
    pytest.importorskip("torch")
    whole = np.zeros((100_000, 4), np.float32)
    save_array(tmp_path / "part.pt", whole[:10])
    assert (tmp_path / "part.pt").stat().st_size < 10_000


def test_units_are_one_tensor_a_file_in_the_folders_of_the_source(exported):
    torch = pytest.importorskip("torch")
    items = [(Utterance("anna/day 1/x", "/x.flac", 0.1, 2.5), [3, 3, 0]), (Utterance("b", "/b.flac", 0.1), [])]
    folder = exported(UnitTensors, items)
    for item, units in items:
        tensor = torch.load(folder / f"{item.id}.pt", weights_only=True)
        assert tensor.dtype == torch.int64 and tensor.tolist() == units
    rows = [json.loads(line) for line in (folder / "units.jsonl").read_text().splitlines()]
    assert rows[0] == {
        "id": "anna/day 1/x",
        "path": "anna/day 1/x.pt",
        "units": 3,
        "frames": 3,
        "audio_filepath": "/x.flac",
        "offset": 2.5,
        "duration": 0.1,
    }
    assert [row["id"] for row in rows] == ["anna/day 1/x", "b"]


def test_the_list_tells_frames_where_runs_are_one(exported):
    pytest.importorskip("torch")
    folder = exported(UnitTensors, [(Utterance("a", "/a.flac", 0.1), [3, 0])], frames=[4, 1])
    row = json.loads((folder / "units.jsonl").read_text())
    assert (row["units"], row["frames"]) == (2, 5)


@pytest.mark.parametrize("item", ["", "/a", "a//b", "..", "a/../b", "./a", "a\0b", "x" * 252, "d/" * 1_000 + "x"])
def test_no_file_of_such_a_name(item):
    with pytest.raises(Rejected, match="no file can have this name"):
        Mirror(".npy").place(item)


def test_a_file_keeps_its_name_and_is_in_nobodys_way():
    mirror = Mirror(".npy")
    assert [mirror.place(item) for item in ("a/b", "a", "a/b/c")] == ["a/b.npy", "a.npy", "a/b/c.npy"]
    for item in ("a/b", "a.npy/x"):
        with pytest.raises(Rejected, match="another file or folder has this name already"):
            mirror.place(item)
    mirror.place("f.npy/x")
    with pytest.raises(Rejected, match="already"):
        mirror.place("f")
