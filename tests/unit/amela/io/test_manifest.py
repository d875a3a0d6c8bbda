"""The manifest: rows survive, impossible ones are named, a moved clone finds its audio."""

import os

import pytest

from amela.errors import DataError
from amela.io.jsonl import write_jsonl
from amela.io.manifest import Utterance, audio_location, read_manifest, utterance_from_row, write_manifest

ROW = {"id": "anna/1", "audio_filepath": "/x/anna/1.flac", "duration": 1.25}


def test_everything_in_a_row_survives(tmp_path):
    row = {**ROW, "offset": 0.5, "recording": "anna", "speaker": "Anna", "text": "", "age": 3, "start": 2.0}
    write_jsonl(tmp_path / "in", [row])
    assert write_manifest(tmp_path / "out", read_manifest(tmp_path / "in")) == 1
    write_manifest(tmp_path / "again", read_manifest(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == (tmp_path / "again").read_bytes()
    assert utterance_from_row(row, "here").to_row() == row


def test_defaults():
    utterance = utterance_from_row(ROW, "here")
    assert (utterance.offset, utterance.recording, utterance.speaker, utterance.text) == (0.0, "anna/1", None, None)
    assert utterance.to_row() == {**ROW, "offset": 0.0, "recording": "anna/1"}


def test_metadata_never_overrides_what_is_known():
    utterance = Utterance("a", "/a.wav", 1.0, text="known", metadata={"text": "other", "id": "b", "extra": 1})
    assert utterance.to_row() == {
        "audio_filepath": "/a.wav", "duration": 1.0, "id": "a", "offset": 0.0, "recording": "a", "text": "known",
        "extra": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"duration": "1"}, "duration"),
        ({"duration": True}, "duration"),
        ({"duration": -0.1}, "duration"),
        ({"duration": float("nan")}, "duration"),
        ({"offset": float("inf")}, "offset"),
        ({"offset": None}, "offset"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
    ],
)
def test_impossible_values_are_named(change, reason):
    with pytest.raises(DataError, match=f"^{reason}.*line 3"):
        utterance_from_row({**ROW, **change}, "line 3")


@pytest.mark.parametrize("key", ["id", "audio_filepath", "duration"])
def test_missing_keys_are_named(key):
    with pytest.raises(DataError, match=f"without '{key}'"):
        utterance_from_row({name: value for name, value in ROW.items() if name != key}, "here")


def test_an_id_that_stands_twice_is_named(tmp_path):
    write_jsonl(tmp_path / "rows", [ROW, {**ROW, "id": "b"}, ROW])
    with pytest.raises(DataError, match=r"'anna/1' stands twice.*rows:3"):
        list(read_manifest(tmp_path / "rows"))


def test_audio_below_the_working_directory_moves_with_it(tmp_path, monkeypatch):
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "audio").mkdir(parents=True)
    (old / "audio" / "a.flac").touch()
    monkeypatch.chdir(old)
    location = audio_location(old / "audio" / "a.flac")
    assert location == {"audio_filepath": f"{old}/audio/a.flac", "audio_relpath": "audio/a.flac"}
    utterance = utterance_from_row({**ROW, **location}, "here")
    os.rename(old, new)
    monkeypatch.chdir(new)
    assert utterance.audio_path.is_file()


def test_audio_elsewhere_is_absolute(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    location = audio_location(tmp_path / "work-audio" / "a.flac")
    assert location == {"audio_filepath": str(tmp_path / "work-audio" / "a.flac")}
    assert str(utterance_from_row({**ROW, **location}, "here").audio_path) == location["audio_filepath"]


def test_who_to_normalise_by():
    assert Utterance("a", "/a", 1.0, speaker="x", recording="r").speaker_or_recording == "speaker x"
    assert Utterance("a", "/a", 1.0, recording="x").speaker_or_recording == "recording x"
    assert Utterance("a", "/a", 1.0).speaker_or_recording == "recording a"
