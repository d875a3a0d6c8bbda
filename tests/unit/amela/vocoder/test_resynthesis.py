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
from amela.vocoder.resynthesis import Resynthesis, read_pairs

IDS = ["anna/1", "anna/2", "bo/1/00000000-00001000", "..", "bo/2"]


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing is cleaned up that is not in a finally."""


class Constant:
    """A vocoder that plays its first unit; counts what it was asked for, may die on the way."""

    hop, fingerprint, batch_seconds = 0.01, {"sha256": "x"}, 0.0

    def __init__(self, dies_at=None):
        self.asked, self.dies_at = [], dies_at

    def check(self, item):
        if item.name == self.dies_at:
            raise Killed
        if not len(item.units_T):
            raise Rejected("no units")

    def synthesise(self, batch):
        return [self.speech(*item) for item in batch]

    def speech(self, units_T, n_samples, name):
        self.asked.append(name)
        return np.full(n_samples, units_T[0] / 100, dtype=np.float32)


@pytest.fixture
def pairs():
    """The second has no units."""
    sequences = [np.full(0 if i == 1 else 10, i + 1, dtype=np.uint16) for i in range(len(IDS))]
    natural = {"audio_relpath": "gone.wav", "session": 7}
    return [
        (Utterance(item, "/natural.wav", 0.1, offset=3.0, speaker="s", text="hello", metadata=natural), units_T)
        for item, units_T in zip(IDS, sequences)
    ]


def resynthesise(folder, pairs, vocoder, settings="same"):
    ledger = Ledger("resynth")
    with Journal(folder.with_name("out.jsonl"), {"settings": settings}) as journal:
        work = Resynthesis(folder, journal)
        rows = list(work.add_all(pairs, vocoder, ledger))
        work.finish()
        journal.remove()
    return rows, ledger.rows


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_rows_and_files_mirror_the_natural_ones(tmp_path, pairs):
    rows, rejected = resynthesise(tmp_path / "audio", pairs, Constant())
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
def test_killed_and_started_again_is_the_same_and_does_nothing_twice(tmp_path, pairs, dies_at):
    rows, rejected = resynthesise(tmp_path / "a/audio", pairs, Constant())
    first, second = Constant(dies_at), Constant()
    with pytest.raises(Killed):
        resynthesise(tmp_path / "b/audio", pairs, first)
    assert not (tmp_path / "b/audio").exists()
    torn = tmp_path / f"b/.audio.working/{IDS[-1]}.flac"
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"fLaC of a kill")
    again, rejected_again = resynthesise(tmp_path / "b/audio", pairs, second)
    assert content(tmp_path / "b/audio") == content(tmp_path / "a/audio")
    assert [row.id for row in again] == [row.id for row in rows] and rejected_again == rejected
    assert sorted(first.asked + second.asked) == sorted(row.id for row in rows)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["audio"]  # no traces


class InBatches(Constant):
    """Notes its batches; dies on the way to one."""

    batch_seconds = 8.0

    def __init__(self, dies_after=None):
        super().__init__()
        self.batches, self.dies_after = [], dies_after

    def synthesise(self, batch):
        if len(self.batches) == self.dies_after:
            raise Killed
        self.batches.append([item.name for item in batch])
        return super().synthesise(batch)


def of_many_lengths(n_utterances=80):
    """Utterances of 0.2 to 4 s in no order of their lengths, 160 s in all; every 17th has no units."""
    rng = np.random.default_rng(0)
    for i, n_units in enumerate(rng.integers(20, 401, n_utterances)):
        units_T = np.full(0 if i % 17 == 3 else n_units, i, np.uint16)
        yield Utterance(f"speaker {i % 3}/{i}", "/natural.wav", n_units / 100), units_T


def test_batches_of_like_lengths_give_what_one_at_a_time_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(resynthesis, "Places", partial(Places, most_entries=4))
    pairs, vocoder = list(of_many_lengths()), InBatches()
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    rows, rejected = resynthesise(tmp_path / "a/audio", pairs, Constant())
    in_batches, rejected_too = resynthesise(tmp_path / "b/audio", pairs, vocoder)
    assert [row.id for row in in_batches] == [row.id for row in rows] and rejected_too == rejected
    assert content(tmp_path / "a/audio") == content(tmp_path / "b/audio") and len(rejected) == 5
    seconds = {utterance.id: utterance.duration for utterance, _ in pairs}
    assert sum(map(len, vocoder.batches)) == len(rows) and len(vocoder.batches) < len(rows) / 2
    padded = [(len(batch), max(map(seconds.get, batch))) for batch in vocoder.batches]
    assert all(size == 1 or size * longest <= 8.0 for size, longest in padded)


@pytest.mark.parametrize("dies_after", [0, 5, 20])
def test_batches_are_the_same_after_a_kill(tmp_path, dies_after):
    """That of which something is missing is made again whole, since its neighbours may change the last bits."""
    pairs, whole, first, second = list(of_many_lengths()), InBatches(), InBatches(dies_after), InBatches()
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    rows, rejected = resynthesise(tmp_path / "a/audio", pairs, whole)
    with pytest.raises(Killed):
        resynthesise(tmp_path / "b/audio", pairs, first)
    if dies_after == 20:  # beyond the first 120 s
        lost = sorted((tmp_path / "b/.audio.working").rglob("*.flac"))[3]
        lost.unlink()
    again, rejected_again = resynthesise(tmp_path / "b/audio", pairs, second)
    assert content(tmp_path / "b/audio") == content(tmp_path / "a/audio") and rejected_again == rejected
    assert [row.id for row in again] == [row.id for row in rows]
    assert all(batch in whole.batches for batch in second.batches)
    assert len(second.batches) < len(whole.batches) or dies_after < 20


def test_a_row_lasts_as_long_as_its_audio(tmp_path, pairs):
    """Where a vocoder has its own idea of durations; also after a kill."""

    class Slow(Constant):
        def speech(self, units_T, n_samples, name):
            return np.tile(super().speech(units_T, n_samples, name), 2)

    with pytest.raises(Killed):
        resynthesise(tmp_path / "audio", pairs, Slow(IDS[-1]))
    rows, _ = resynthesise(tmp_path / "audio", pairs, Slow())
    assert [row.duration for row in rows] == [0.2] * 4
    assert all(sf.info(row.audio_filepath).frames == 3_200 for row in rows)


@pytest.mark.parametrize("dies_at", [0, 3, 7, 8, 19, 29])
def test_folders_that_fill_up_do_so_alike_after_a_kill(tmp_path, monkeypatch, dies_at):
    """Four entries to a folder; a file that was lost gets its place again."""
    monkeypatch.setattr(resynthesis, "Places", partial(Places, most_entries=4))
    ids = [f"speaker {i % 5}/{i}" if i % 3 else f"flat {i}" for i in range(30)]
    pairs = [(Utterance(item, "/natural.wav", 0.01), np.full(1, i, np.uint16)) for i, item in enumerate(ids)]
    rows, _ = resynthesise(tmp_path / "a/audio", pairs, Constant())
    with pytest.raises(Killed):
        resynthesise(tmp_path / "b/audio", pairs, Constant(ids[dies_at]))
    for lost in sorted((tmp_path / "b/.audio.working").rglob("*.flac"))[1:3]:
        lost.unlink()
    again, _ = resynthesise(tmp_path / "b/audio", pairs, Constant())
    assert content(tmp_path / "b/audio") == content(tmp_path / "a/audio")
    assert len({row.audio_filepath for row in again}) == len(ids)
    for i, row in enumerate(again):
        assert os.path.relpath(row.audio_filepath, tmp_path / "b") == os.path.relpath(
            rows[i].audio_filepath, tmp_path / "a"
        )
        assert sf.read(row.audio_filepath)[0] == pytest.approx(i / 100, abs=1e-4)
    folders = [path for path in (tmp_path / "a/audio").glob("**/") if path.is_dir()]
    assert 4 < max(len(list(path.iterdir())) for path in folders) <= 8


def test_what_other_settings_made_is_thrown_away(tmp_path, pairs):
    with pytest.raises(Killed):
        resynthesise(tmp_path / "audio", pairs, Constant(IDS[2]), settings="old")
    vocoder = Constant()
    resynthesise(tmp_path / "audio", pairs, vocoder, settings="new")
    assert vocoder.asked == [item for item in IDS if item != "anna/2"]


def test_an_empty_shard_is_an_empty_folder(tmp_path):
    assert resynthesise(tmp_path / "audio", [], Constant()) == ([], [])
    assert (tmp_path / "audio").is_dir() and not content(tmp_path / "audio")


def test_items_come_in_the_order_of_the_units_and_are_checked(tmp_path):
    manifest, units = tmp_path / "manifest.jsonl", tmp_path / "units.parquet"
    write_manifest(manifest, [Utterance(item, "/x.wav", 0.1) for item in ("a", "b", "c")])
    sequences = [np.full(3, i, dtype=np.uint16) for i in range(2)]
    write_units(units, UnitShard(["c", "a"], sequences, 0.01, 5, {"sha256": "x"}))
    assert [(utterance.id, units_T.tolist()) for utterance, units_T in read_pairs(manifest, units, Constant())] == [
        ("c", [0, 0, 0]), ("a", [1, 1, 1])
    ]  # fmt: skip
    write_units(units, UnitShard(["d", "a"], sequences, 0.01, 5, {"sha256": "x"}))
    with pytest.raises(DataError, match="1 utterances are not in .*manifest.jsonl, the first 'd'"):
        read_pairs(manifest, units, Constant())
    write_units(units, UnitShard(["c", "a"], sequences, 0.01, 5, {"sha256": "y"}))
    with pytest.raises(DataError, match="made by something else"):
        read_pairs(manifest, units, Constant())


class Noise(Constant):
    """Speech that FLAC does not make small."""

    def speech(self, units_T, n_samples, name):
        level = super().speech(units_T, n_samples, name)
        return level + np.random.default_rng(len(name)).uniform(-0.5, 0.5, n_samples).astype(np.float32)


@pytest.mark.parametrize("n_bytes", range(600, 3_100, 300))
def test_on_a_full_disk_a_stump_is_not_kept(tmp_path, pairs, room, n_bytes):
    del pairs[1]
    resynthesise(tmp_path / "a/audio", pairs, Noise())
    whole = content(tmp_path / "a/audio")
    assert min(map(len, whole.values())) > 3_000
    with pytest.raises((AmelaError, OSError)), room(n_bytes):
        resynthesise(tmp_path / "b/audio", pairs, Noise())
    assert sorted(path.name for path in (tmp_path / "b").iterdir() if not path.name.endswith("journal")) == [
        ".audio.working"
    ]
    assert not content(tmp_path / "b/.audio.working")
    resynthesise(tmp_path / "b/audio", pairs, Noise())
    assert content(tmp_path / "b/audio") == whole


@pytest.mark.parametrize("after", range(4))
def test_after_another_took_over_its_folder_is_left_alone(tmp_path, pairs, after):
    """Whenever the other one came, and has emptied the folder that both work in."""
    del pairs[1]

    def take_over():
        other = dataclasses.replace(Holder.here(), token="other").to_json()
        OutputLock(tmp_path / "out.jsonl").path.write_text(other, encoding="utf-8")
        shutil.rmtree(tmp_path / ".audio.working")

    class Slow(Constant):
        def speech(self, units_T, n_samples, name):
            if len(self.asked) == after:
                take_over()
            return super().speech(units_T, n_samples, name)

    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/of another run.flac").touch()
    with pytest.raises(AmelaError, match="another took over"):
        resynthesise(tmp_path / "audio", pairs, Slow())
    assert list(content(tmp_path / "audio")) == ["of another run.flac"]
    assert not (tmp_path / ".audio.working").exists()


def test_after_another_took_over_nothing_is_put_in_its_place(tmp_path, pairs):
    with Journal(tmp_path / "out.jsonl", {}) as journal:
        work = Resynthesis(tmp_path / "audio", journal)
        list(work.add_all(pairs, Constant(), Ledger("resynth")))
        other = dataclasses.replace(Holder.here(), token="other").to_json()
        OutputLock(tmp_path / "out.jsonl").path.write_text(other, encoding="utf-8")
        for write in (work.finish, lambda: Resynthesis(tmp_path / "audio", journal)):
            with pytest.raises(AmelaError, match="another took over"):
                write()
    assert not (tmp_path / "audio").exists() and len(content(tmp_path / ".audio.working")) == 4
