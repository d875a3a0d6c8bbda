import json

import numpy as np
import pytest
import segment
import soundfile as sf

from amela.audio.load import load_utterance
from amela.io.manifest import read_manifest

SETTINGS = {
    "method": "silence",
    "keep_below": 2.0,
    "threshold": -40.0,
    "min_silence": 0.5,
    "seek_step": 1,
    "vad": None,
    "padding": 0.1,
    "min_duration": 0.5,
    "max_duration": 30.0,
    "max_gap": 1.0,
    "audio": "packs",
}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Five recordings: one short, one to be cut, one silent, one broken, one of silence and hum; an inventory."""
    monkeypatch.chdir(tmp_path)
    tone = 0.3 * np.sin(np.arange(44_100) * 0.05)
    pause = np.zeros(44_100)
    sf.write("short.wav", tone[:16_000], 16_000, subtype="PCM_16")
    sf.write("long.flac", np.stack([np.concatenate([tone, pause, pause, tone])] * 2, axis=1), 44_100)
    sf.write("silent.wav", np.zeros(48_000), 16_000)
    sf.write("hum.wav", np.concatenate([tone, pause, pause]) * 0.01, 16_000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF....")
    names = ["short.wav", "long.flac", "silent.wav", "broken.wav", "hum.wav"]
    write_inventory(tmp_path, [tmp_path / name for name in names], text="tone")
    return tmp_path


def write_inventory(folder, paths, **columns):
    rows = [{"id": path.stem, "path": str(path), "bytes": path.stat().st_size, **columns} for path in paths]
    (folder / "shard-0.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def run(*options, **changed):
    settings = json.dumps({**SETTINGS, **changed})
    outputs = ["--audio", "audio", "--output", "out.jsonl", "--rejected", "rejected.jsonl"]
    segment.main(["--recordings", "shard-0.jsonl", "--segmentation", settings, *outputs, *options])


def rows_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("audio", ["packs", "files"])
def test_every_recording_is_an_utterance_or_stands_in_the_ledger(source, audio):
    run(audio=audio)
    utterances = list(read_manifest(source / "out.jsonl"))
    assert [utterance.recording for utterance in utterances] == ["short", "long", "long"]
    files = [f"long/{utterance.id[5:]}.flac" for utterance in utterances[1:]] if audio == "files" else ["0000.flac"]
    assert list(contents(source / "audio")) == files
    assert len({utterance.audio_filepath for utterance in utterances}) == 1 + len(files)
    for utterance in utterances:
        assert len(load_utterance(utterance)) == round(utterance.duration * 16_000)
    assert utterances[0].text == "tone"
    assert utterances[0].audio_path.name == "short.wav"
    assert utterances[1].text is None
    reasons = {row["id"]: row["reason"] for row in rows_of(source / "rejected.jsonl")}
    assert list(reasons) == ["silent", "broken", "hum"]
    assert reasons["silent"].startswith("silent")
    assert reasons["hum"] == "no speech found by method silence"


def test_a_recording_that_vanished_after_the_inventory(source):
    (source / "long.flac").unlink()
    run()
    reasons = {row["id"]: row["reason"] for row in rows_of(source / "rejected.jsonl")}
    assert reasons["long"].startswith("no such file")


def test_a_second_run_gives_the_same_bytes(source):
    run()
    before = contents(source)
    run()
    assert contents(source) == before


def test_the_folder_exists_where_nothing_is_written(source):
    (source / "shard-0.jsonl").write_text("", "utf-8")
    run()
    assert contents(source / "audio") == {}
    assert (source / "audio").is_dir()
    assert (source / "out.jsonl").read_text() == (source / "rejected.jsonl").read_text() == ""


def test_audio_is_the_same_in_packs_and_in_files(source):
    run(audio="files")
    expected = {utterance.id: load_utterance(utterance) for utterance in read_manifest(source / "out.jsonl")}
    rejected = rows_of(source / "rejected.jsonl")
    run(audio="packs")
    found = {utterance.id: load_utterance(utterance) for utterance in read_manifest(source / "out.jsonl")}
    assert list(found) == list(expected) and all(np.array_equal(found[item], expected[item]) for item in found)
    assert rows_of(source / "rejected.jsonl") == rejected


def test_by_way_of_a_local_disk_the_bytes_are_the_same(source, tmp_path_factory):
    disk = tmp_path_factory.mktemp("disk")
    (source / "broken.wav").write_bytes(b"RIFX....")  # its reason names the file
    run()
    before = contents(source)
    run("--stage", "1", "--tmpdir", str(disk))
    assert contents(source) == before
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("audio", ["packs", "files"])
def test_a_crash_leaves_nothing_half_written(source, monkeypatch, tmp_path_factory, audio):
    before = contents(source)
    disk = tmp_path_factory.mktemp("disk")
    writing, calls = sf.SoundFile.write, []

    def fail_on_the_second_cut(self, samples):
        calls.append(len(samples))
        if sum(calls) > 30_000:
            raise OSError("No space left on device")
        writing(self, samples)

    monkeypatch.setattr(sf.SoundFile, "write", fail_on_the_second_cut)
    with pytest.raises(OSError, match="No space"):
        run("--stage", "1", "--tmpdir", str(disk), audio=audio)
    assert contents(source) == before
    assert not (source / "audio").exists() and list(disk.iterdir()) == []


@pytest.mark.parametrize("method", ["none", "adaptive", "vad"])
def test_methods_on_real_speech(speech, source, method):
    detector = None
    if method == "vad":
        detector = {"backend": "energy", "onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5, "padding": 0.1}
    files = sorted((speech / "librivox").glob("*.wav")) + sorted((speech / "corrupt").iterdir())
    write_inventory(source, files)
    run(method=method, vad=detector)
    utterances = list(read_manifest(source / "out.jsonl"))
    kept = {utterance.recording for utterance in utterances}
    assert kept == {path.stem for path in files if path.parent.name == "librivox"}
    assert kept | {row["id"] for row in rows_of(source / "rejected.jsonl")} == {path.stem for path in files}
    total = sum(sf.info(path).duration for path in files if path.parent.name == "librivox")
    share = sum(utterance.duration for utterance in utterances) / total
    assert share == 1.0 if method == "none" else 0.8 < share < 1.0
