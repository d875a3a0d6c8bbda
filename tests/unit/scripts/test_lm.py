"""lm_train, lm_score and lm_select, one after the other."""

import dataclasses
import json
import signal
import subprocess
import sys

import lm_score
import lm_select
import lm_train
import numpy as np
import pytest
import torch

import amela.lm.training
from amela.errors import AmelaError, DataError
from amela.io.holder import Holder
from amela.io.lock import OutputLock
from amela.io.manifest import Utterance, write_manifest
from amela.lm.checkpoint import ResumePoint
from amela.units.sequences import UnitShard, write_units

SETTINGS = {
    "tokens": "units",
    "deduplicate": True,
    "embedding": 4,
    "hidden": 8,
    "layers": 1,
    "dropout": 0.1,
    "lr": 0.01,
    "batch": 4,
    "epochs": 2,
    "patience": 2,
    "valid": 0.2,
    "test": 0.2,
    "seed": 0,
}


OUTPUTS = {"model": "model.pt", "history": "history.tsv", "training": "training.json"}


def write_corpus(folder, k=5, utterances=3):
    """Six speakers with some utterances each; the arguments for --corpus."""
    rng = np.random.default_rng(0)
    ids = [f"s{speaker}/{number}" for speaker in range(6) for number in range(utterances)]
    units = [rng.integers(0, k, 20).astype(np.uint16) for _ in ids]
    write_units(folder / "shard-0.parquet", UnitShard(ids, units, 0.02, k, {"sha256": "f"}))
    write_manifest(folder / "shard-0.jsonl", [Utterance(i, f"/{i}.wav", 0.4, speaker=i[:2]) for i in ids])
    return ["--corpus", "c", str(folder), str(folder), "1"]


def train_and_score(folder, corpus):
    files = {name: folder / name for name in ("model.pt", "history.tsv", "training.json", "score.json")}
    outputs = ["--model", files["model.pt"], "--history", files["history.tsv"], "--training", files["training.json"]]
    lm_train.main([*corpus, "--settings", json.dumps(SETTINGS), *map(str, outputs)])
    lm_score.main([*corpus, "--model", str(files["model.pt"]), "--output", str(files["score.json"])])
    return files


def test_from_units_to_the_best_point(tmp_path):
    corpus = write_corpus(tmp_path)
    files = train_and_score(tmp_path / "a", corpus)
    training, score = (json.loads(files[name].read_text("utf-8")) for name in ("training.json", "score.json"))
    assert training["split"]["by"] == "speaker"
    assert [training["split"][part]["groups"] for part in ("train", "valid", "test")] == [4, 1, 1]
    assert sorted(score["groups"]) == training["split"]["test_groups"]
    assert score["tokens"] == training["split"]["test"]["tokens"]
    lines = files["history.tsv"].read_text("utf-8").splitlines()
    assert lines[0] == "epoch\ttrain\tvalid\tlr" and len(lines) == 1 + training["epochs"]
    assert not (tmp_path / "a" / ".resume.pt").exists()

    points = ["--point", "a", str(files["training.json"]), str(files["score.json"])]
    lm_select.main([*points, "--summary", str(tmp_path / "s.tsv"), "--best", str(tmp_path / "b.json")])
    header, row = ((tmp_path / "s.tsv").read_text("utf-8")).splitlines()
    assert row.split("\t")[:2] == ["*", "a"] and len(row.split("\t")) == len(header.split("\t"))
    assert json.loads((tmp_path / "b.json").read_text("utf-8"))["bits_per_second"] == score["bits_per_second"]


def test_two_runs_give_the_same_bytes(tmp_path):
    corpus = write_corpus(tmp_path)
    first, second = (train_and_score(tmp_path / name, corpus) for name in "ab")
    assert [path.read_bytes() for path in first.values()] == [path.read_bytes() for path in second.values()]


def test_a_killed_training_goes_on_and_gives_the_same_bytes(tmp_path, monkeypatch, caplog):
    corpus = write_corpus(tmp_path)
    whole = train_and_score(tmp_path / "whole", corpus)
    save = ResumePoint.save

    def save_and_die(self, state):
        save(self, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ResumePoint, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            train_and_score(tmp_path / "killed", corpus)
    assert [path.name for path in (tmp_path / "killed").iterdir()] == [".resume.pt"]
    with caplog.at_level("INFO"):
        killed = train_and_score(tmp_path / "killed", corpus)
    assert "going on after epoch 1" in caplog.text
    assert [path.read_bytes() for path in killed.values()] == [path.read_bytes() for path in whole.values()]


def test_speech_that_has_changed_since_is_not_scored(tmp_path):
    corpus = write_corpus(tmp_path)
    files = train_and_score(tmp_path / "a", corpus)
    write_corpus(tmp_path, k=6)
    with pytest.raises(DataError, match="made by something else: data is"):
        lm_score.main([*corpus, "--model", str(files["model.pt"]), "--output", str(files["score.json"])])


def start_training(folder, corpus, settings, *arguments):
    """A process of its own."""
    outputs = [f"--{name}={folder / file}" for name, file in OUTPUTS.items()]
    command = [sys.executable, "-B", lm_train.__file__, *corpus, "--settings", json.dumps(settings), *outputs]
    return subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def read_until(process, text):
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"no {text!r} in:\n{said}")


def trained(folder):
    state = torch.load(folder / "model.pt", weights_only=True)["state"]
    return torch.cat([value.flatten() for value in state.values()]), (folder / "history.tsv").read_text("utf-8")


def train_here(folder, corpus, settings):
    outputs = [f"--{name}={folder / file}" for name, file in OUTPUTS.items()]
    lm_train.main([*corpus, "--settings", json.dumps(settings), *outputs])


@pytest.mark.slow
def test_a_process_that_gets_a_signal_saves_and_goes_on_to_the_same_bytes(tmp_path, caplog):
    corpus, settings = write_corpus(tmp_path, utterances=20), {**SETTINGS, "epochs": 30, "patience": 30}
    process = start_training(tmp_path / "ended", corpus, settings)
    read_until(process, "epoch 2:")
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 1 and "error: ended by SIGTERM" in said and "Traceback" not in said
    assert [path.name for path in (tmp_path / "ended").iterdir()] == [".resume.pt"]
    with caplog.at_level("INFO"):
        train_here(tmp_path / "ended", corpus, settings)
    assert "going on after epoch " in caplog.text
    train_here(tmp_path / "whole", corpus, settings)
    for file in OUTPUTS.values():
        assert (tmp_path / "ended" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


@pytest.mark.slow
def test_two_processes_train_the_model_of_one(tmp_path):
    """16 utterances in batches of 5: shares differ, and that of the last batch is empty for one of them."""
    pytest.importorskip("lightning_fabric")
    corpus, settings = write_corpus(tmp_path, utterances=4), {**SETTINGS, "dropout": 0.0, "batch": 5}
    train_here(tmp_path / "one", corpus, settings)
    process = start_training(tmp_path / "two", corpus, settings, "--gpus", "2")
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 0, said
    assert "2 processes on 1 nodes" in said
    (weights, history), (of_two, history_of_two) = trained(tmp_path / "one"), trained(tmp_path / "two")
    assert torch.allclose(weights, of_two, rtol=0, atol=1e-5)
    assert np.allclose(*(np.genfromtxt(text.splitlines()[1:]) for text in (history, history_of_two)), rtol=0, atol=1e-5)
    assert json.loads((tmp_path / "two" / "training.json").read_text("utf-8"))["processes"] == 2
    assert {path.name for path in (tmp_path / "two").iterdir()} == set(OUTPUTS.values())


def test_after_another_took_over_nothing_is_written(tmp_path, monkeypatch):
    corpus, train = write_corpus(tmp_path), amela.lm.training.train

    def taken_over_at_the_end(*arguments):
        training = train(*arguments)
        other = dataclasses.replace(Holder.here(), token="other")
        OutputLock(tmp_path / "a/model.pt").path.write_text(other.to_json(), encoding="utf-8")
        return training

    monkeypatch.setattr(amela.lm.training, "train", taken_over_at_the_end)
    with pytest.raises(AmelaError, match="another took over"):
        train_here(tmp_path / "a", corpus, SETTINGS)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {".resume.pt", ".model.pt.lock"}
