"""The stages vad_infer, vad and manifest as they follow one another, on a detector that needs no model."""

import csv
import json

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("pyarrow")

import manifest  # noqa: E402
import vad  # noqa: E402
import vad_infer  # noqa: E402

from amela.errors import DataError  # noqa: E402

SETTINGS = {"backend": "energy", "onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5, "padding": 0.1}
LIMITS = {"min_duration": 0.1, "max_duration": None, "min_speech": 0.0}


def write_shard(folder, audio: dict) -> None:
    """One utterance for each name → samples (None: the file is missing)."""
    rows = []
    for name, samples_N in audio.items():
        path = folder / f"{name}.wav"
        if samples_N is not None:
            soundfile.write(path, samples_N, 16_000)
        duration = 1.0 if samples_N is None else len(samples_N) / 16_000
        rows.append({"id": name, "audio_filepath": str(path), "duration": duration, "age": 3})
    (folder / "segment.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def run_infer(folder, **settings) -> None:
    arguments = {"utterances": "segment.jsonl", "output": "p.parquet", "rejected": "p.rejected.jsonl"}
    vad_infer.main(options(folder, arguments, detector=json.dumps({"backend": "energy", **settings})))


def run_vad(folder, **settings) -> None:
    arguments = {"utterances": "segment.jsonl", "probabilities": "p.parquet", "lost": "p.rejected.jsonl"}
    arguments.update(output="v.jsonl", table="v.csv", rttm="v.rttm", rejected="v.rejected.jsonl")
    vad.main(options(folder, arguments, settings=json.dumps({**SETTINGS, **settings})))


def run_manifest(folder, **limits) -> None:
    arguments = {
        "utterances": "segment.jsonl",
        "speech": "v.jsonl",
        "output": "m.jsonl",
        "rejected": "m.rejected.jsonl",
    }
    lost = ["--lost", str(folder / "p.rejected.jsonl"), str(folder / "v.rejected.jsonl")]
    manifest.main(options(folder, arguments, limits=json.dumps({**LIMITS, **limits})) + lost)


def options(folder, paths: dict, **others) -> list:
    values = {**{key: str(folder / name) for key, name in paths.items()}, **others}
    return [part for key, value in values.items() for part in (f"--{key}", value)]


def read(folder, name: str) -> list:
    return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]


def ids(folder, name: str) -> list:
    return [row["id"] for row in read(folder, name)]


@pytest.fixture
def shard(tmp_path):
    rng = np.random.default_rng(0)
    noise_N = rng.normal(0, 1e-3, 48_000)
    voice_N = noise_N + np.where((np.arange(48_000) // 16_000) == 1, rng.normal(0, 0.1, 48_000), 0)
    audio = {"one voice": voice_N, "gone": None, "silence": np.zeros(16_000), "blip": voice_N[:320], "noise": noise_N}
    write_shard(tmp_path, audio)
    run_infer(tmp_path)
    run_vad(tmp_path)
    run_manifest(tmp_path)
    return tmp_path


def test_every_utterance_is_in_a_row_or_in_a_ledger(shard):
    assert ids(shard, "p.rejected.jsonl") == ["gone"]
    assert ids(shard, "v.jsonl") == ["one voice", "silence", "blip", "noise"]
    assert ids(shard, "v.rejected.jsonl") == []
    assert ids(shard, "m.jsonl") == ["one voice", "silence", "noise"]
    (left_out,) = read(shard, "m.rejected.jsonl")
    assert left_out["id"] == "blip" and left_out["filtered"]
    assert left_out["reason"] == "duration 0.02 s is below min_duration 0.1 s"


def test_intervals_table_and_rttm_say_the_same(shard):
    voice, silence = read(shard, "v.jsonl")[:2]
    assert np.allclose(voice["speech"], [[0.9, 2.1]], rtol=0, atol=0.051)
    assert silence["speech"] == []
    start, end = voice["speech"][0]
    fields = (shard / "v.rttm").read_text("utf-8").splitlines()[0].split()
    assert fields[1] == "one%20voice" and float(fields[3]) == start and float(fields[4]) == pytest.approx(end - start)
    table = list(csv.DictReader((shard / "v.csv").open(newline="")))
    assert [row["audio_filepath"] for row in table] == [row["audio_filepath"] for row in read(shard, "v.jsonl")]
    assert float(table[0]["max-spoken"]) == pytest.approx(end - start)
    assert float(table[1]["spch-ratio"]) == 0.0
    share = read(shard, "m.jsonl")[0]["speech"]
    assert share == float(table[0]["spch-ratio"]) == pytest.approx((end - start) / 3, abs=1e-6)


def test_thresholds_change_without_the_model(shard):
    before = (shard / "p.parquet").read_bytes()
    run_vad(shard, padding=0.0)
    assert (shard / "p.parquet").read_bytes() == before
    assert np.allclose(read(shard, "v.jsonl")[0]["speech"], [[1.0, 2.0]], rtol=0, atol=0.051)


@pytest.mark.parametrize("audio", [{}, {"a": None, "b": None}])
def test_an_empty_shard_and_one_that_is_all_rejected(tmp_path, audio):
    write_shard(tmp_path, audio)
    run_infer(tmp_path)
    run_vad(tmp_path)
    run_manifest(tmp_path)
    assert ids(tmp_path, "p.rejected.jsonl") == list(audio)
    assert all((tmp_path / name).read_text() == "" for name in ("v.jsonl", "v.rttm", "m.jsonl", "m.rejected.jsonl"))


def test_probabilities_of_another_detector_are_refused(shard):
    with pytest.raises(DataError, match="backend is 'energy', expected 'webrtc'"):
        run_vad(shard, backend="webrtc", aggressiveness=2)


def test_the_same_input_gives_the_same_bytes(shard):
    names = ["p.parquet", "v.jsonl", "v.csv", "v.rttm", "m.jsonl", "m.rejected.jsonl"]
    before = [(shard / name).read_bytes() for name in names]
    run_infer(shard)
    run_vad(shard)
    run_manifest(shard)
    assert [(shard / name).read_bytes() for name in names] == before
