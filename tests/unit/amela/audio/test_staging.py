"""Copies on a local disk: the same audio, in little room, and nothing left of them."""

import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from amela.audio import staging as module
from amela.audio.load import load_utterance
from amela.audio.save import save_audio
from amela.audio.staging import Stage, staging
from amela.errors import Rejected
from amela.io.manifest import Utterance


@pytest.fixture
def files(tmp_path):
    """Five audio files of about the same size, and a disk to copy them to."""
    (tmp_path / "disk").mkdir()
    for i in range(5):
        samples = np.random.default_rng(i).integers(-9_000, 9_000, 16_000).astype(np.int16)
        save_audio(tmp_path / f"audio/{i}.flac", samples)
    return [tmp_path / f"audio/{i}.flac" for i in range(5)]


@pytest.fixture
def disk(files, tmp_path):
    return tmp_path / "disk"


def utterance(path, offset=0.25):
    return Utterance(path.stem, str(path), 0.5, offset)


def copies(disk):
    return sorted(path.name for path in disk.rglob("*.flac"))


def stage_of(disk, room):
    folder = disk / f"private-{room}"
    folder.mkdir()
    return Stage(folder, room)


def where(path):
    """A reader that tells where it read."""
    return path


def test_each_file_is_copied_once_and_gives_the_same_samples(files, disk, monkeypatch):
    copied, copy = [], shutil.copyfile
    monkeypatch.setattr(module.shutil, "copyfile", lambda a, b: (copied.append(str(a)), copy(a, b))[1])
    with staging(1, disk) as stage:
        for path in [*files, *reversed(files)]:
            for offset in (0.0, 0.5):
                item = utterance(path, offset)
                assert np.array_equal(stage.load(item), load_utterance(item))
        assert copies(disk) == [path.name for path in files]
        assert stage.read(files[0], where).parent.parent.parent == disk
    assert copied == [str(path) for path in files]
    assert list(disk.iterdir()) == []


def test_without_the_option_nothing_is_copied(files, disk):
    with staging(0, disk) as stage:
        assert [stage.read(path, where) for path in files] == files
        assert list(disk.iterdir()) == []


def test_rows_keep_the_place_of_the_file(files, disk):
    item = utterance(files[0])
    before = item.to_row()
    with staging(1, disk) as stage:
        stage.load(item)
    assert item.to_row() == before


def test_the_least_recently_read_goes_first_and_is_not_copied_again(files, disk):
    room = sum(path.stat().st_size for path in files[:3])
    stage = stage_of(disk, room + 500)
    for index in (0, 1, 2, 0, 3):
        stage.read(files[index], where)
    assert copies(disk) == ["0.flac", "2.flac", "3.flac"]
    assert stage.read(files[1], where) == files[1]
    assert copies(disk) == ["0.flac", "2.flac", "3.flac"]
    assert sum(path.stat().st_size for path in disk.rglob("*.flac")) <= room + 500


def test_room_is_never_exceeded(files, disk):
    for room in range(0, 5 * files[0].stat().st_size, 30_000):
        stage = stage_of(disk, room)
        for index in np.random.default_rng(room).integers(5, size=20):
            item = utterance(files[index])
            assert np.array_equal(stage.load(item), load_utterance(item))
            assert sum(path.stat().st_size for path in disk.glob(f"private-{room}/*/*")) <= room


def test_the_number_of_copies_is_limited(files, disk, monkeypatch):
    monkeypatch.setattr(module, "MOST_COPIES", 2)
    stage = stage_of(disk, 10**9)
    for path in files:
        stage.read(path, where)
    assert copies(disk) == ["3.flac", "4.flac"]


def test_a_full_disk_is_one_warning(files, disk, caplog, monkeypatch):
    monkeypatch.setattr(module, "KEPT_FREE", 1 << 60)
    with staging(1, disk) as stage:
        assert [stage.read(path, where) for path in files] == files
    assert [record.levelname for record in caplog.records if record.name == "staging"] == ["WARNING"]
    assert "is read where it lies" in caplog.text


def test_copying_that_fails_leaves_nothing(files, disk, caplog, monkeypatch):
    copy = shutil.copyfile

    def torn(source, target):
        copy(source, target)
        os.truncate(target, 99)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfile", torn)
    with staging(1, disk) as stage:
        assert np.array_equal(stage.load(utterance(files[0])), load_utterance(utterance(files[0])))
        assert copies(disk) == []
    assert "No space left" in caplog.text


@pytest.mark.parametrize("folder", ["gone", "audio/0.flac"])
def test_a_folder_that_cannot_be_used_is_a_warning(files, tmp_path, caplog, folder):
    with staging(1, tmp_path / folder) as stage:
        assert [stage.read(path, where) for path in files] == files
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_the_right_to_write_is_a_warning(files, disk, caplog):
    disk.chmod(0o500)
    with staging(1, disk) as stage:
        assert stage.read(files[0], where) == files[0]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_lies_on_that_disk_already_is_not_copied(files, tmp_path):
    with staging(1, tmp_path) as stage:
        assert [stage.read(path, where) for path in files] == files
        (tmp_path / "link").symlink_to(tmp_path / "audio")
        assert stage.read(tmp_path / "link/0.flac", where) == tmp_path / "link/0.flac"


def test_names_stay_so_that_decoders_see_their_endings(files, disk):
    odd = os.fsdecode(b"caf\xe9 'x'.WAV")
    shutil.copy(files[0], files[0].with_name(odd))
    with staging(1, disk) as stage:
        found = stage.read(files[0].with_name(odd), where)
        assert found.name == odd and disk in found.parents and found.is_file()


def test_reasons_name_the_file_not_its_copy(files, disk, tmp_path):
    """So that ledgers are the same with and without."""
    (tmp_path / "audio/broken.flac").write_bytes(b"fLaC")
    os.mkfifo(tmp_path / "audio/pipe.flac")  # copying it would wait for ever
    bad = [tmp_path / f"audio/{name}.flac" for name in ("broken", "gone")]
    items = [*map(utterance, bad), Utterance("long", str(files[0]), 9.0)]
    with staging(1, disk) as stage:
        for item in items:
            with pytest.raises(Rejected) as expected:
                load_utterance(item)
            with pytest.raises(Rejected) as found:
                stage.load(item)
            assert str(found.value) == str(expected.value)
        assert stage.read(tmp_path / "audio/pipe.flac", where) == tmp_path / "audio/pipe.flac"


def test_a_copy_that_vanishes_is_no_loss(files, disk):
    with staging(1, disk) as stage:
        stage.load(utterance(files[0]))
        next(disk.rglob("0.flac")).unlink()
        assert np.array_equal(stage.load(utterance(files[0])), load_utterance(utterance(files[0])))


def test_the_log_tells_how_many(files, disk, caplog):
    with caplog.at_level(logging.INFO), staging(1, disk) as stage:
        stage.load(utterance(files[0]))
    assert "1 audio files were copied to a local disk, 0 were not" in caplog.text


def test_a_copy_on_a_disk_that_fails_is_not_asked(files, disk):
    def read(path):
        if path.is_relative_to(disk):
            raise OSError(5, "Input/output error")
        return path

    with staging(1, disk) as stage:
        assert [stage.read(path, read) for path in files] == files


def test_several_threads_may_read(files, disk, caplog):
    stage = stage_of(disk, 1 << 20)
    rows = [utterance(path, offset) for offset in (0.0, 0.1, 0.2, 0.3) for path in files]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(stage.load, rows))
    for row, samples in zip(rows, read):
        np.testing.assert_array_equal(samples, load_utterance(row))
    assert stage.n_copied == len(files) == len(copies(disk)) and not stage.n_failed and not caplog.records
