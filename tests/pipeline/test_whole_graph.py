"""The graph from end to end: on real speech, and what its results promise."""

import csv
import json
import os
import re
import subprocess
from pathlib import Path

import jiwer
import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from amela.audio.decode import decode

pytestmark = pytest.mark.pipeline

RATE = 16_000
HIGHEST_WER = 0.4  # of a novel read aloud, where PocketSphinx is known to make 28 %


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def scores(path):
    with path.open(encoding="utf-8", newline="") as handle:
        found = list(csv.DictReader(handle, delimiter="\t"))
    return {(row["voice"], row["normaliser"], row["group"], row["value"]): row for row in found}


@pytest.fixture(scope="module")
def real(speech, tmp_path_factory):
    """LibriVox and some speakers of speechocean, folders as they are, through the whole graph."""
    folder = tmp_path_factory.mktemp("real")
    source = folder / "speech"
    with (speech / "speechocean" / "metadata.csv").open(encoding="utf-8", newline="") as handle:
        known = list(csv.DictReader(handle))
    speakers = sorted({row["speaker"] for row in known})[:8]
    table = [
        {
            "path": str(speech / "speechocean" / row["file"]),
            "speaker": row["speaker"],
            "text": row["text"],
            "age": row["age"],
        }
        for row in known
        if row["speaker"] in speakers
    ]
    for line in (speech / "librivox" / "transcription").read_text().splitlines():
        text, name = re.fullmatch(r"<s> (.*) </s> \((.*)\)", line).groups()
        table.append({"path": str(speech / "librivox" / f"{name}.wav"), "speaker": "librivox", "text": text, "age": ""})
    source.mkdir()
    with (source / "recordings.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ["path", "speaker", "text", "age"])
        writer.writeheader()
        writer.writerows(table)
    return source / "recordings.csv", table


@pytest.fixture(scope="module")
def run(real, tmp_path_factory, small_clone):
    table, known = real
    clone = small_clone(tmp_path_factory.mktemp("run") / "clone", table, asrs={"pocketsphinx": {"overwrite": True}})
    clone.make()
    return clone, known


def test_every_recording_is_there_with_its_metadata(run):
    clone, known = run
    manifest = rows(clone.folder / "results/corpora/small/merged/manifest.jsonl")
    assert sorted(row["text"] for row in manifest) == sorted(row["text"] for row in known)
    assert {row.get("age", "") for row in manifest} == {row["age"] for row in known}
    for row in manifest:
        assert soundfile.info(row["audio_filepath"]).duration == pytest.approx(row["duration"], abs=1e-4)
        assert 0.05 < row["speech"] <= 1


def test_recordings_that_need_no_cut_are_referenced(run):
    clone, _ = run
    manifest = rows(clone.folder / "results/corpora/small/merged/manifest.jsonl")
    assert all(row["audio_filepath"].endswith(".wav") for row in manifest)
    assert not list((clone.folder / "results/corpora/small/segment").rglob("*.flac"))


def test_written_utterances_lie_in_packs_and_are_stretches_of_their_recordings(finished):
    corpus = finished.folder / "results/corpora/small"
    with (finished.folder.parent / "audio" / "recordings.csv").open(encoding="utf-8", newline="") as handle:
        recordings = {os.path.splitext(row["path"])[0]: row["path"] for row in csv.DictReader(handle)}
    packs = [path.relative_to(finished.folder) for path in (corpus / "segment").rglob("*") if path.suffix == ".flac"]
    assert packs and {path.name for path in packs} == {"0000.flac"}
    packed = [row for row in rows(corpus / "merged/manifest.jsonl") if "/segment/" in row["audio_filepath"]]
    assert len(packed) > len(packs) and any(row["offset"] for row in packed)
    for row in packed:
        (source,) = (path for name, path in recordings.items() if name.endswith(row["recording"]))
        with decode(Path(source)) as pcm:
            expected = pcm.read(round(row["start"] * RATE), round(row["end"] * RATE))
        start = int(row["offset"] * RATE)
        found, _ = soundfile.read(row["audio_filepath"], start=start, frames=len(expected), dtype="int16")
        assert len(expected) == round(row["duration"] * RATE) and np.array_equal(found, expected)


def test_units_cover_every_frame_and_motifs_every_unit(run):
    clone, _ = run
    corpus = clone.folder / "results/corpora/small"
    durations = {row["id"]: row["duration"] for row in rows(corpus / "merged/manifest.jsonl")}
    frames = {}
    for path in (corpus / "units/k20").glob("*.parquet"):
        frames.update({row["id"]: len(row["units"]) for row in pq.read_table(path).to_pylist()})
    assert frames.keys() == durations.keys()
    assert all(abs(count * 0.02 - durations[name]) <= 0.02 for name, count in frames.items())
    for path in corpus.glob("motifs/motifs/shard-?.parquet"):
        for row in pq.read_table(path).to_pylist():
            assert sum(row["frames"]) == frames[row["id"]]


def test_resynthesis_has_the_length_of_the_speech(run):
    clone, _ = run
    corpus = clone.folder / "results/corpora/small"
    durations = {row["id"]: row["duration"] for row in rows(corpus / "merged/manifest.jsonl")}
    made = rows(corpus / "merged/resynth-griffinlim.jsonl")
    assert {row["id"] for row in made} == durations.keys()
    for row in made:
        samples, rate = soundfile.read(row["audio_filepath"])
        assert abs(len(samples) / rate - durations[row["id"]]) <= 0.02
        assert 0.001 < np.abs(samples).max() < 1


def test_natural_speech_is_understood_and_better_than_resynthesised(run):
    clone, _ = run
    score = scores(clone.folder / "results/scores/asr/small/pocketsphinx.tsv")
    natural, resynthesised = (score[voice, "plain", "all", ""] for voice in ("natural", "griffinlim"))
    assert float(natural["wer"]) < float(resynthesised["wer"])
    for row in (natural, resynthesised):
        assert 0 < float(row["wer_low"]) < float(row["wer"]) < float(row["wer_high"])
    added = float(resynthesised["wer"]) - float(natural["wer"])
    assert float(resynthesised["added_wer"]) == pytest.approx(added, abs=1e-5), "all is scored in both"
    assert float(resynthesised["added_low"]) < added < float(resynthesised["added_high"])
    table = rows(clone.folder / "results/corpora/small/merged/asr-pocketsphinx-natural.jsonl")
    assert all(0 <= word["start"] < word["end"] for row in table for word in row["words"])
    novel = [row for row in table if row["speaker"] == "librivox"]
    wer = jiwer.wer([row["reference"].lower() for row in novel], [row["text"] for row in novel])
    assert wer < HIGHEST_WER
    assert float(score["natural", "plain", "speaker", "librivox"]["wer"]) == pytest.approx(wer, abs=0.02)
    ages = {age: row for (voice, normaliser, group, age), row in score.items() if group == "age"}
    assert len(ages) > 2 and all(int(row["scored"]) for row in ages.values())


def test_the_language_model_is_scored_on_held_out_speakers(run):
    clone, _ = run
    lm = clone.folder / "results/models/lms/lstm"
    best = json.loads((lm / "best.json").read_text())
    training = json.loads((lm / best["point"] / "training.json").read_text())
    score = json.loads((lm / best["point"] / "score.json").read_text())
    assert training["split"]["by"] == "speaker"
    for model in (score, score["unigram"], score["bigram"]):
        assert model["perplexity"] == pytest.approx(np.exp(model["nats_per_token"]), rel=1e-6)
        assert 0 < model["nats_per_token"] < np.log(21) * 1.2
    seconds, tokens = score["seconds"], score["tokens"]
    assert score["bits_per_second"] == pytest.approx(score["nats_per_token"] / np.log(2) * tokens / seconds, rel=1e-6)


def test_the_report_is_one_page_that_needs_nothing_else(run):
    clone, _ = run
    page = (clone.folder / "results/report.html").read_text("utf-8")
    assert "data:audio/flac;base64," in page and "data:image/svg+xml;base64," in page
    assert set(re.findall(r"""(?:src|href)=["'](?!data:|#)([^"']*)""", page)) == {"usage.html"}  # beside it


def test_the_same_seed_gives_the_same_bytes(finished, new_clone):
    again = new_clone(finished.folder.parent / "audio" / "recordings.csv")
    again.make()
    assert again.digests() == finished.digests()


def test_printed_commands_can_be_run_by_hand(finished, copy_of):
    """What ``snakemake -p`` prints is a whole command line: run the one of `vad` in its environment."""
    clone = copy_of(finished)
    target = "results/corpora/small/vad/shard-0.jsonl"
    said = clone.make("--dry-run", "--printshellcmds", "--force", target)
    command = re.search(r"^Shell command: (python workflow/scripts/vad\.py .*)$", said, re.MULTILINE).group(1)
    before = (clone.folder / target).read_bytes()
    (clone.folder / target).unlink()
    log = next((clone.folder / "logs/vad/small").glob("shard-0.log")).read_text()
    prefix = re.search(r"python \S+ in (\S+)", log).group(1)
    environment = {**os.environ, "VIRTUAL_ENV": prefix, "PATH": f"{prefix}/bin:{os.environ['PATH']}"}
    environment.pop("CONDA_PREFIX", None)
    subprocess.run(command, shell=True, cwd=clone.folder, env=environment, check=True, executable="/bin/bash")
    assert (clone.folder / target).read_bytes() == before
