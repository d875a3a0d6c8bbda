import io
import json
import os

import numpy as np
import pytest
import soundfile as sf

from amela.audio import utterances
from amela.audio.decode import Pcm
from amela.audio.files import FileFolder
from amela.audio.load import load_utterance
from amela.audio.packs import PackFolder
from amela.audio.segmentation import Segmentation
from amela.audio.utterances import make_utterances, read_recordings
from amela.errors import DataError, Rejected
from amela.io.ledger import Ledger
from amela.io.manifest import utterance_from_row

WHOLE = Segmentation("none", 30.0, -40.0, 0.5, 1, None, 0.1, 2.0, 30.0, 1.0)
CUT = Segmentation("silence", 1.0, -40.0, 0.5, 1, None, 0.1, 0.5, 30.0, 0.0)
TONE = np.full(16_000, 10_000, np.int16)
PAUSE = np.zeros(16_000, np.int16)
TWO_TONES = np.concatenate([TONE, PAUSE, TONE, PAUSE[:8_000], TONE[:1_000]])  # the last is too short


class BreaksOff(Pcm):
    """Its second tone cannot be read once more, after the cuts are known."""

    reads = 0

    def read(self, start, stop):
        self.reads += 1
        if self.reads > 3:
            raise Rejected("unreadable")
        return super().read(start, stop)


@pytest.fixture
def shard(tmp_path, monkeypatch):
    """Function that makes the utterances of a recording, below a folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    part = tmp_path / "part"
    part.mkdir()

    class Shard:
        folder = FileFolder(part, tmp_path / "final")
        ledger = Ledger("segment")

        def make(self, settings=WHOLE, samples=TWO_TONES, native=False, fault=None, pcm=Pcm, **columns):
            path = tmp_path / "source.wav"
            path.write_bytes(b"RIFF")
            opened = pcm(io.BytesIO(samples.tobytes()), len(samples), native, fault)
            recording = {"id": "anna/day 1", "path": "source.wav", "bytes": 4, "seconds": 9.9, **columns}
            made = make_utterances(recording, settings, None, self.folder, self.ledger, lambda path: opened)
            return [utterance.to_row() for utterance in made]

        def files(self):
            return sorted(str(path.relative_to(part)) for path in part.rglob("*") if path.is_file())

        def audio(self, row):
            return sf.read(part / os.path.relpath(row["audio_relpath"], "final"), dtype="int16")

    return Shard()


def test_whole_recording(shard, tmp_path):
    (row,) = shard.make(speaker="Anna", text="two tones", session=3)
    assert row == {
        "audio_filepath": str(tmp_path / "final/anna/day 1.flac"),
        "audio_relpath": "final/anna/day 1.flac",
        "duration": 57_000 / 16_000,
        "id": "anna/day 1",
        "offset": 0.0,
        "recording": "anna/day 1",
        "speaker": "Anna",
        "text": "two tones",
        "start": 0.0,
        "end": 57_000 / 16_000,
        "session": 3,
    }
    samples, rate = shard.audio(row)
    assert rate == 16_000
    assert np.array_equal(samples, TWO_TONES)


def test_a_recording_that_is_16_khz_mono_stays_where_it_is(shard, tmp_path):
    (row,) = shard.make(native=True)
    assert row["audio_filepath"] == str(tmp_path / "source.wav")
    assert row["audio_relpath"] == "source.wav"
    assert shard.files() == []


def test_cut_recording(shard):
    first, second = shard.make(CUT, native=True, speaker="Anna", text="two tones", session=3)
    assert first["id"] == "anna/day 1/00000000-00001100"
    assert second["id"] == "anna/day 1/00001900-00003100"
    assert second["audio_relpath"] == "final/anna/day 1/00001900-00003100.flac"
    assert (second["start"], second["end"], second["duration"], second["offset"]) == (1.9, 3.1, 1.2, 0.0)
    assert (second["recording"], second["speaker"], second["session"]) == ("anna/day 1", "Anna", 3)
    assert "text" not in first
    samples, _ = shard.audio(second)
    assert np.array_equal(samples, TWO_TONES[30_400:49_600])


def test_packed_utterances_are_found_by_their_rows(shard, tmp_path):
    """Their rows are those of files but for where the audio lies; a recording that breaks off moves none."""
    sources = {"a": TWO_TONES, "b": np.roll(TWO_TONES, 5), "c": TWO_TONES[::-1].copy(), "d": TWO_TONES}
    calls = [{"id": "a", "settings": CUT}, {"id": "b"}, {"id": "c", "settings": CUT}, {"id": "d", "native": True}]
    by_files = [row for call in calls for row in shard.make(samples=sources[call["id"]], **call)]
    shard.folder = PackFolder(tmp_path / "part", tmp_path / "packs", 80_000)
    by_packs = []
    for call in calls:
        by_packs += shard.make(samples=sources[call["id"]], **call)
        with pytest.raises(Rejected, match="unreadable"):
            shard.make(CUT, pcm=BreaksOff)
    shard.folder.close()
    (tmp_path / "part").rename(tmp_path / "packs")
    place = {"audio_filepath", "audio_relpath", "offset"}
    for in_file, in_pack in zip(by_files, by_packs):
        assert {key: in_file[key] for key in in_file.keys() - place} == {
            key: in_pack[key] for key in in_pack.keys() - place
        }
        if in_pack["id"] != "d":
            start, end = (round(in_pack[key] * 16_000) for key in ("start", "end"))
            samples = load_utterance(utterance_from_row(in_pack, "here"))
            assert np.array_equal(samples * 32_768, sources[in_pack["recording"]][start:end])
    assert len(by_files) == len(by_packs) == 6 and by_packs[-1] == by_files[-1]
    assert [row["audio_relpath"] for row in by_packs[:-1]] == [f"packs/000{i}.flac" for i in (0, 0, 0, 1, 1)]
    assert by_packs[2]["offset"] * 16_000 >= 3 * 17_600  # what broke off has left its first tone


def test_dropped_pieces_stand_in_the_ledger(shard):
    shard.make(CUT)
    (row,) = shard.ledger.rows
    assert (row["id"], row["recording"], row["filtered"]) == ("anna/day 1", "anna/day 1", True)
    assert (row["start"], row["end"]) == (3.4, 57_000 / 16_000)
    assert "min_duration" in row["reason"]


def test_the_end_of_a_piece_may_lie_within_a_millisecond(shard):
    (row,) = shard.make(CUT, samples=np.tile(TONE, 2)[:20_005])
    assert row["id"] == "anna/day 1/00000000-00001251"
    assert row["end"] == row["duration"] == 20_005 / 16_000
    assert len(shard.audio(row)[0]) == 20_005


def test_warning_and_columns_of_the_source_table(shard):
    given = {"start": 5, "duration": 7, "audio_relpath": "x", "warning": "mine", "language": "tsi"}
    (row,) = shard.make(fault="the header says 9 s", **given)
    assert row["warning"] == "the header says 9 s"
    assert row["language"] == "tsi"
    assert (row["start"], row["duration"]) == (0.0, 57_000 / 16_000)
    assert not {"path", "bytes", "seconds"} & set(row)


def test_recordings_longer_than_a_block_are_written_whole(shard, monkeypatch):
    monkeypatch.setattr(utterances, "BLOCK", 1_000)
    noise = np.random.default_rng(0).integers(-9_000, 9_000, 40_321).astype(np.int16)
    for settings in (WHOLE, CUT):
        (row,) = shard.make(settings, samples=noise)
        assert np.array_equal(shard.audio(row)[0], noise)


def test_a_file_that_changed_since_the_inventory(shard):
    with pytest.raises(Rejected, match="changed since the inventory: 5 bytes then, 4 now"):
        shard.make(bytes=5)
    assert shard.files() == []


def test_files_never_collide(shard):
    ids = ["a", "a.flac", "a.flac/b", "a/00000000-00001100", "../a", "a//b", "x" * 300, "é" * 150, "é" * 151]
    rows = [row for name in ids for row in shard.make(CUT, id=name)]
    rows += [row for name in ids for row in shard.make(id=name)]
    assert len({row["audio_filepath"] for row in rows}) == len(shard.files()) == 3 * len(ids)
    for row in rows:
        assert row["audio_relpath"].startswith("final/")
        assert len(shard.audio(row)[0]) == round(row["duration"] * 16_000)


@pytest.mark.parametrize("row", [{"path": "a", "bytes": 1}, {"id": "a", "bytes": 1}, {"id": "a", "path": "a"}])
def test_inventory_without_a_column(tmp_path, row):
    path = tmp_path / "shard-0.jsonl"
    path.write_text(json.dumps({"id": "a", "path": "a", "bytes": 1}) + "\n" + json.dumps(row) + "\n", "utf-8")
    with pytest.raises(DataError, match=r"shard-0\.jsonl:2"):
        list(read_recordings(path))
