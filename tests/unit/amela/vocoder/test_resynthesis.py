"""Mirrors workflow/scripts/amela/vocoder/resynthesis.py."""

import dataclasses
import os
import shutil
from functools import partial

import numpy as np
import pytest
import soundfile as sf

from amela.audio.places import Places
from amela.errors import AmelaError, DataError, Rejected
from amela.io.holder import Holder
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.lock import OutputLock
from amela.io.manifest import Utterance, write_manifest
from amela.units.sequences import UnitShard, write_units
from amela.vocoder import resynthesis
from amela.vocoder.resynthesis import Resynthesis, read_items

IDS = ["anna/1", "anna/2", "bo/1/00000000-00001000", "..", "bo/2"]


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing is cleaned up that is not in a finally."""


class Constant:
    """A vocoder that plays its first unit; counts what it was asked for, may die on the way."""

    hop, fingerprint = 0.01, {"sha256": "x"}

    def __init__(self, dies_at=None):
        self.asked, self.dies_at = [], dies_at

    def synthesise(self, units_T, n_samples, name):
        if name == self.dies_at:
            raise Killed
        if not len(units_T):
            raise Rejected("no units")
        self.asked.append(name)
        return np.full(n_samples, units_T[0] / 100, dtype=np.float32)


@pytest.fixture
def items():
    """The second has no units."""
    sequences = [np.full(0 if i == 1 else 10, i + 1, dtype=np.uint16) for i in range(len(IDS))]
    natural = {"audio_relpath": "gone.wav", "session": 7}
    return [
        (Utterance(item, "/natural.wav", 0.1, offset=3.0, speaker="s", text="hello", metadata=natural), units_T)
        for item, units_T in zip(IDS, sequences)
    ]


def resynthesise(folder, items, vocoder, settings="same"):
    ledger = Ledger("resynth")
    with Journal(folder.with_name("out.jsonl"), {"settings": settings}) as journal:
        work = Resynthesis(folder, journal)
        rows = list(work.add_all(items, vocoder, ledger))
        work.finish()
        journal.remove()
    return rows, ledger.rows


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_rows_and_files_mirror_the_natural_ones(tmp_path, items):
    rows, rejected = resynthesise(tmp_path / "audio", items, Constant())
    assert [row.id for row in rows] == [item for item in IDS if item != "anna/2"]
    assert [(row["id"], row["reason"]) for row in rejected] == [("anna/2", "no units")]
    assert rows[0].audio_filepath == str(tmp_path / "audio/anna/1.flac")
    assert rows[1].audio_filepath == str(tmp_path / "audio/bo/1/00000000-00001000.flac")
    assert all((row.duration, row.offset, row.text, row.speaker) == (0.1, 0.0, "hello", "s") for row in rows)
    assert all(row.metadata == {"session": 7} for row in rows)  # outside the working directory: no relative path
    for row, value in zip(rows, (0.01, 0.03, 0.04, 0.05)):
        samples, rate = sf.read(row.audio_filepath)
        assert rate == 16_000 and len(samples) == 1_600 and samples == pytest.approx(value, abs=1e-4)
    assert len(content(tmp_path / "audio")) == 4  # the id ".." has got a name of its own, inside


@pytest.mark.parametrize("dies_at", IDS)
def test_killed_and_started_again_is_the_same_and_does_nothing_twice(tmp_path, items, dies_at):
    rows, rejected = resynthesise(tmp_path / "a/audio", items, Constant())
    first, second = Constant(dies_at), Constant()
    with pytest.raises(Killed):
        resynthesise(tmp_path / "b/audio", items, first)
    assert not (tmp_path / "b/audio").exists()
    torn = tmp_path / f"b/.audio.working/{IDS[-1]}.flac"
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"fLaC of a kill")
    again, rejected_again = resynthesise(tmp_path / "b/audio", items, second)
    assert content(tmp_path / "b/audio") == content(tmp_path / "a/audio")
    assert [row.id for row in again] == [row.id for row in rows] and rejected_again == rejected
    assert sorted(first.asked + second.asked) == sorted(row.id for row in rows)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["audio"]  # no traces


@pytest.mark.parametrize("dies_at", [0, 3, 7, 8, 19, 29])
def test_folders_that_fill_up_do_so_alike_after_a_kill(tmp_path, monkeypatch, dies_at):
    """Four entries to a folder; a file that was lost gets its place again."""
    monkeypatch.setattr(resynthesis, "Places", partial(Places, most_entries=4))
    ids = [f"speaker {i % 5}/{i}" if i % 3 else f"flat {i}" for i in range(30)]
    items = [(Utterance(item, "/natural.wav", 0.01), np.full(1, i, np.uint16)) for i, item in enumerate(ids)]
    rows, _ = resynthesise(tmp_path / "a/audio", items, Constant())
    with pytest.raises(Killed):
        resynthesise(tmp_path / "b/audio", items, Constant(ids[dies_at]))
    for lost in sorted((tmp_path / "b/.audio.working").rglob("*.flac"))[1:3]:
        lost.unlink()
    again, _ = resynthesise(tmp_path / "b/audio", items, Constant())
    assert content(tmp_path / "b/audio") == content(tmp_path / "a/audio")
    assert len({row.audio_filepath for row in again}) == len(ids)
    for i, row in enumerate(again):
        assert os.path.relpath(row.audio_filepath, tmp_path / "b") == os.path.relpath(
            rows[i].audio_filepath, tmp_path / "a"
        )
        assert sf.read(row.audio_filepath)[0] == pytest.approx(i / 100, abs=1e-4)
    folders = [path for path in (tmp_path / "a/audio").glob("**/") if path.is_dir()]
    assert 4 < max(len(list(path.iterdir())) for path in folders) <= 8


def test_what_other_settings_made_is_thrown_away(tmp_path, items):
    with pytest.raises(Killed):
        resynthesise(tmp_path / "audio", items, Constant(IDS[2]), settings="old")
    vocoder = Constant()
    resynthesise(tmp_path / "audio", items, vocoder, settings="new")
    assert vocoder.asked == [item for item in IDS if item != "anna/2"]


def test_an_empty_shard_is_an_empty_folder(tmp_path):
    assert resynthesise(tmp_path / "audio", [], Constant()) == ([], [])
    assert (tmp_path / "audio").is_dir() and not content(tmp_path / "audio")


def test_items_come_in_the_order_of_the_units_and_are_checked(tmp_path):
    manifest, units = tmp_path / "manifest.jsonl", tmp_path / "units.parquet"
    write_manifest(manifest, [Utterance(item, "/x.wav", 0.1) for item in ("a", "b", "c")])
    sequences = [np.full(3, i, dtype=np.uint16) for i in range(2)]
    write_units(units, UnitShard(["c", "a"], sequences, 0.01, 5, {"sha256": "x"}))
    assert [(utterance.id, units_T.tolist()) for utterance, units_T in read_items(manifest, units, Constant())] == [
        ("c", [0, 0, 0]), ("a", [1, 1, 1])
    ]  # fmt: skip
    write_units(units, UnitShard(["d", "a"], sequences, 0.01, 5, {"sha256": "x"}))
    with pytest.raises(DataError, match="1 utterances are not in .*manifest.jsonl, the first 'd'"):
        read_items(manifest, units, Constant())
    write_units(units, UnitShard(["c", "a"], sequences, 0.01, 5, {"sha256": "y"}))
    with pytest.raises(DataError, match="made by something else"):
        read_items(manifest, units, Constant())


class Noise(Constant):
    """Speech that FLAC does not make small."""

    def synthesise(self, units_T, n_samples, name):
        level = super().synthesise(units_T, n_samples, name)
        return level + np.random.default_rng(len(name)).uniform(-0.5, 0.5, n_samples).astype(np.float32)


@pytest.mark.parametrize("n_bytes", range(600, 3_100, 300))
def test_on_a_full_disk_a_stump_is_not_kept(tmp_path, items, room, n_bytes):
    del items[1]
    resynthesise(tmp_path / "a/audio", items, Noise())
    whole = content(tmp_path / "a/audio")
    assert min(map(len, whole.values())) > 3_000
    with pytest.raises((AmelaError, OSError)), room(n_bytes):
        resynthesise(tmp_path / "b/audio", items, Noise())
    assert sorted(path.name for path in (tmp_path / "b").iterdir() if not path.name.endswith("journal")) == [
        ".audio.working"
    ]
    assert not content(tmp_path / "b/.audio.working")
    resynthesise(tmp_path / "b/audio", items, Noise())
    assert content(tmp_path / "b/audio") == whole


@pytest.mark.parametrize("after", range(4))
def test_after_another_took_over_its_folder_is_left_alone(tmp_path, items, after):
    """Whenever the other one came, and has emptied the folder that both work in."""
    del items[1]

    def take_over():
        other = dataclasses.replace(Holder.here(), token="other").to_json()
        OutputLock(tmp_path / "out.jsonl").path.write_text(other, encoding="utf-8")
        shutil.rmtree(tmp_path / ".audio.working")

    class Slow(Constant):
        def synthesise(self, units_T, n_samples, name):
            if len(self.asked) == after:
                take_over()
            return super().synthesise(units_T, n_samples, name)

    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/of another run.flac").touch()
    with pytest.raises(AmelaError, match="another took over"):
        resynthesise(tmp_path / "audio", items, Slow())
    assert list(content(tmp_path / "audio")) == ["of another run.flac"]
    assert not (tmp_path / ".audio.working").exists()


def test_after_another_took_over_nothing_is_put_in_its_place(tmp_path, items):
    with Journal(tmp_path / "out.jsonl", {}) as journal:
        work = Resynthesis(tmp_path / "audio", journal)
        list(work.add_all(items, Constant(), Ledger("resynth")))
        other = dataclasses.replace(Holder.here(), token="other").to_json()
        OutputLock(tmp_path / "out.jsonl").path.write_text(other, encoding="utf-8")
        for write in (work.finish, lambda: Resynthesis(tmp_path / "audio", journal)):
            with pytest.raises(AmelaError, match="another took over"):
                write()
    assert not (tmp_path / "audio").exists() and len(content(tmp_path / ".audio.working")) == 4
