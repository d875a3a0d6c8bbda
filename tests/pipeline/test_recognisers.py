"""Canary-Qwen and Parakeet through the real rules, on small models that have learned five clips by heart."""

import csv
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf
from runs import Clone, kill_and_start_again
from tiny_hearing import CLIPS

from amela.audio.save import save_audio

pytestmark = pytest.mark.pipeline

TEXTS = [text for _, text in CLIPS]
PAUSE = np.zeros(4_000, np.float32)  # a quarter of a second: pieces are cut in it
ASRS = ("canary", "single", "parakeet")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Table of the clips, all of them in one long recording, one that breaks later and one that is too short."""
    folder = tmp_path_factory.mktemp("recordings")
    rows = [
        {"path": f"clip-{number}.flac", "speaker": path.parent.name, "text": text}
        for number, (path, text) in enumerate(CLIPS)
    ]
    voices = []
    for row, (path, _) in zip(rows, CLIPS):
        shutil.copy(path, folder / row["path"])
        voices.append(sf.read(path, dtype="float32")[0])
    long = np.concatenate([part for samples_N in voices for part in (samples_N, PAUSE)])
    for name, samples_N in (("long", long), ("broken", voices[0]), ("short", voices[0][8_000:9_200])):
        save_audio(folder / f"{name}.flac", samples_N)
        rows.append({"path": f"{name}.flac", "speaker": "anna", "text": " ".join(TEXTS)})
    with (folder / "recordings.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def made(recordings, tiny_salm, tiny_tdt, tmp_path_factory):
    """A run over two shards, during which one file breaks."""
    common = {"max_seconds": 2.5, "overwrite": True}
    canary = {"backend": "canary-qwen", "checkpoint": str(tiny_salm), "batch_seconds": 30, **common}
    parakeet = {"backend": "parakeet", "checkpoint": str(tiny_tdt), "batch_seconds": 30, **common}
    config = {
        "corpora": {
            "small": {"source": str(recordings / "recordings.csv"), "shards": 2, "segment": "whole", "min_duration": 0}
        },
        "segmentations": {"whole": {"method": "none"}},
        "asrs": {"canary": canary, "single": {"like": "canary", "batch_seconds": 1}, "parakeet": parakeet},
        "max_rejected": 0.5,
        **dict.fromkeys(("codebooks", "bpes", "vocoders", "lms"), {}),
    }
    clone = Clone(tmp_path_factory.mktemp("run") / "clone", config)
    clone.make("results/corpora/small/merged/manifest.jsonl")
    broken = recordings / "broken.flac"
    before = broken.stat()
    broken.write_bytes(broken.read_bytes()[:2_000])
    os.utime(broken, ns=(before.st_atime_ns, before.st_mtime_ns))
    clone.make()
    clone.config = config
    return clone


def merged(clone, asr, ending=".jsonl"):
    path = clone.folder / f"results/corpora/small/merged/asr-{asr}-natural{ending}"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("asr", ASRS)
def test_every_clip_is_transcribed_as_it_was_learned_and_its_reference_kept(made, asr):
    rows = {row["id"]: row for row in merged(made, asr)}
    for number, text in enumerate(TEXTS):
        row = rows[f"clip-{number}"]
        assert (row["text"], row["reference"]) == (text, text)
        assert row["model"].split("@")[1] in (made.folder / f"results/models/asrs/{asr}/checkpoint.json").read_text()


@pytest.mark.parametrize("asr", ASRS)
def test_nothing_is_lost_and_what_is_rejected_has_its_reason(made, asr):
    manifest = made.folder / "results/corpora/small/merged/manifest.jsonl"
    ids = {json.loads(line)["id"] for line in manifest.read_text("utf-8").splitlines()}
    rejected = {row["id"]: row["reason"] for row in merged(made, asr, ".rejected.jsonl")}
    assert {row["id"] for row in merged(made, asr)} | set(rejected) == ids
    assert set(rejected) == {"broken", "short"}
    assert "too short" in rejected["short"] and "broken.flac" in rejected["broken"]


@pytest.mark.parametrize("asr", ASRS)
def test_long_speech_is_transcribed_in_pieces(made, asr):
    [row] = [row for row in merged(made, asr) if row["id"] == "long"]
    bounds = [(segment["start"], segment["end"]) for segment in row["segments"]]
    assert bounds[0][0] == 0 and bounds[-1][1] == pytest.approx(row["duration"], abs=0.001)
    assert all(before[1] == after[0] for before, after in zip(bounds, bounds[1:]))
    assert max(end - start for start, end in bounds) <= 2.5
    assert " ".join(segment["text"] for segment in row["segments"] if segment["text"]) == row["text"]
    assert row["text"] == " ".join(TEXTS)


def test_one_by_one_is_all_at_once(made):
    assert merged(made, "single") == merged(made, "canary")


def test_words_have_times_where_the_model_knows_them(made):
    for row in merged(made, "parakeet"):
        assert " ".join(word["word"] for word in row["words"]) == row["text"]
        times = [time for word in row["words"] for time in (word["start"], word["end"])]
        assert times == sorted(times) and times[0] >= 0 and times[-1] <= row["duration"]
    assert not any("words" in row for row in merged(made, "canary"))


@pytest.mark.parametrize("asr", ASRS)
def test_the_score_of_what_was_learned_is_perfect(made, asr):
    table = made.folder / f"results/scores/asr/small/{asr}.tsv"
    with table.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if row["group"] == "all"]
    assert {(row["normaliser"], float(row["wer"]), float(row["cer"])) for row in rows} == {
        ("plain", 0, 0),
        ("whisper", 0, 0),
    }
    assert {row["scored"] for row in rows} == {"6"}


def test_how_to_transcribe_makes_nothing_stale_and_other_weights_do(made, copy_of, tiny_salm, tmp_path):
    clone = copy_of(made)
    config = json.loads(json.dumps(made.config))
    config["asrs"]["canary"]["batch_seconds"] = 7
    clone.configure(config)
    assert clone.planned() == set()
    shutil.copytree(tiny_salm, tmp_path / "other")
    tokenizer = tmp_path / "other" / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text("utf-8") + "\n", "utf-8")
    config["asrs"]["parakeet"]["precision"] = "fp32"
    config["asrs"]["canary"]["checkpoint"] = str(tmp_path / "other")
    clone.configure(config)
    stale = clone.planned()
    assert {f"asr corpus=small, asr={asr}, voice=natural, shard={shard}" for asr in ASRS for shard in (0, 1)} <= stale
    assert not {job.split(" ")[0] for job in stale} & {"inventory", "segment", "vad", "manifest"}


def test_a_killed_job_goes_on_to_the_same_bytes(made, tmp_path):
    """The stage on a hundred clips, killed after its second batch."""
    known = [row for row in merged(made, "canary") if row["id"].startswith("clip")]
    keys = ("audio_filepath", "duration", "offset")
    rows = [{"id": f"{row['id']}-{n}", **{key: row[key] for key in keys}} for n in range(20) for row in known]
    (tmp_path / "shard.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    receipt = made.folder / "results/models/asrs/canary/checkpoint.json"

    def start(name):
        command = [sys.executable, made.folder / "workflow/scripts/asr.py", "--manifest", tmp_path / "shard.jsonl"]
        command += ["--asr", json.dumps({"backend": "canary-qwen"}), "--checkpoint", receipt, "--batch-seconds", 12]
        command += ["--output", tmp_path / f"{name}.jsonl", "--rejected", tmp_path / f"{name}.rejected.jsonl"]
        return subprocess.Popen(list(map(str, command)), cwd=made.folder, stderr=subprocess.DEVNULL)

    assert start("whole").wait(timeout=300) == 0
    kill_and_start_again(lambda: start("killed"), tmp_path / "killed.jsonl", 3)
    for ending in (".jsonl", ".rejected.jsonl"):
        assert (tmp_path / f"killed{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()
    assert [json.loads(line)["text"] for line in (tmp_path / "whole.jsonl").open(encoding="utf-8")] == TEXTS * 20
