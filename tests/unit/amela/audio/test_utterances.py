import io
import json
import os

import numpy as np
import pytest
import soundfile as sf

from amela.audio import utterances
from amela.audio.decode import Pcm
from amela.audio.segmentation import Segmentation
from amela.audio.utterances import AudioFolder, make_utterances, read_recordings
from amela.errors import DataError, Rejected
from amela.io.ledger import Ledger

WHOLE = Segmentation("none", 30.0, -40.0, 0.5, 1, None, 0.1, 2.0, 30.0, 1.0)
CUT = Segmentation("silence", 1.0, -40.0, 0.5, 1, None, 0.1, 0.5, 30.0, 0.0)
TONE = np.full(16_000, 10_000, np.int16)
PAUSE = np.zeros(16_000, np.int16)
TWO_TONES = np.concatenate([TONE, PAUSE, TONE, PAUSE[:8_000], TONE[:1_000]])  # the last is too short


@pytest.fixture
def shard(tmp_path, monkeypatch):
    """Function that makes the utterances of a recording, below a folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    part = tmp_path / "part"
    part.mkdir()

    class Shard:
        folder = AudioFolder(part, tmp_path / "final")
        ledger = Ledger("segment")

        def make(self, settings=WHOLE, samples=TWO_TONES, native=False, fault=None, **columns):
            path = tmp_path / "source.wav"
            path.write_bytes(b"RIFF")
            pcm = Pcm(io.BytesIO(samples.tobytes()), len(samples), native, fault)
            monkeypatch.setattr(utterances, "decode", lambda _: pcm)
            recording = {"id": "anna/day 1", "path": "source.wav", "bytes": 4, "seconds": 9.9, **columns}
            return [u.to_row() for u in make_utterances(recording, settings, None, self.folder, self.ledger)]

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
