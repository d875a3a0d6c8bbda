"""Damaged, odd and missing recordings: one rejected row each, or a right result; never a crash."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
import soundfile
import yaml

from amela.audio.load import load_utterance
from amela.io.manifest import utterance_from_row

pytestmark = pytest.mark.pipeline

RATE = 16_000


def tone(seconds, rate=RATE, channels=1, level=0.3):
    """A voice-like buzz with a slow rhythm, so that detectors and encoders have something to find."""
    time = np.arange(int(seconds * rate)) / rate
    rhythm = 0.5 - 0.5 * np.cos(2 * np.pi * 3 * time)
    buzz = sum(np.sin(2 * np.pi * 130 * harmonic * time) / harmonic for harmonic in range(1, 20))
    return np.repeat((level * rhythm * buzz / 2)[:, None], channels, axis=1)


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


@pytest.fixture
def odd(tmp_path, speech):
    """A folder of good speech with every kind of trouble in it."""
    folder = tmp_path / "odd recordings"
    for name in ("corrupt", "formats"):
        shutil.copytree(speech / name, folder / name)
    for speaker in sorted((speech / "speechocean" / "wav").iterdir())[:4]:
        shutil.copytree(speaker, folder / "good" / speaker.name)
    made = folder / "made"
    made.mkdir()
    soundfile.write(made / "a name with 'quotes' \"and\" spaces.wav", tone(2), RATE)
    soundfile.write(made / "new\nline.wav", tone(2), RATE)
    soundfile.write(made / "žluťoučký kůň 马.wav", tone(2), RATE)
    soundfile.write(os.fsencode(made) + b"/not-utf8-\xff.wav", tone(2), RATE, format="WAV")
    soundfile.write(made / "short.wav", tone(0.02), RATE)
    soundfile.write(made / "silence.wav", np.zeros(RATE * 3), RATE)
    soundfile.write(made / "loud.wav", 4 * tone(2), RATE, subtype="FLOAT")
    soundfile.write(made / "six.wav", tone(2, channels=6), RATE)
    soundfile.write(made / "fast.wav", tone(2, rate=192_000), 192_000)
    whole = (speech / "formats" / "test1.mp3").read_bytes()
    (made / "garbage.mp3").write_bytes(whole[:60_000] + os.urandom(3_000) + whole[60_000:])
    header = bytearray((made / "new\nline.wav").read_bytes())
    assert header[36:40] == b"data"
    header[40:44] = (10_000_000).to_bytes(4, "little")  # more bytes of data than there are
    (made / "lying.wav").write_bytes(header)
    for path in (speech / "librivox").glob("*.wav"):
        shutil.copy(path, folder / "good")
    return folder


def test_trouble_is_rejected_with_a_reason_and_the_rest_goes_through(odd, new_clone):
    clone = new_clone(odd, max_rejected=0.5)
    clone.make("results/corpora/small/merged/manifest.jsonl", "results/corpora/small/merged/units-k20.jsonl")
    merged = clone.folder / "results" / "corpora" / "small" / "merged"
    kept = {row["id"]: row for row in rows(merged / "manifest.jsonl")}
    rejected = {row["id"]: row["reason"] for row in rows(merged / "manifest.rejected.jsonl")}
    assert all(reason for reason in rejected.values())
    recordings = {row["recording"] for row in kept.values()}
    for name in ("zero-bytes", "test1_empty", "awful", "null"):
        assert f"corrupt/{name}" in rejected and f"corrupt/{name}" not in recordings
    for path in (odd / "formats").iterdir():
        assert any(r.startswith(f"formats/{path.stem}") for r in recordings), f"{path.name}: {rejected}"
    for name in (
        "a name with 'quotes' \"and\" spaces",
        "new%0Aline",
        "žluťoučký kůň 马",
        "not-utf8-%FF",
        "loud",
        "six",
        "fast",
    ):
        assert f"made/{name}" in recordings, rejected.get(f"made/{name}")
    assert "silen" in rejected["made/silence"]
    assert "0.1" in rejected["made/short"]
    assert kept["made/fast"]["duration"] == pytest.approx(2.0, abs=0.001)
    assert kept["made/lying"]["duration"] == pytest.approx(2.0, abs=0.01) and kept["made/lying"]["warning"]
    assert kept["made/garbage"]["duration"] > 3.0
    for row in kept.values():
        info = soundfile.info(os.fsencode(row["audio_filepath"]))  # one name is not UTF-8
        assert (info.samplerate, info.channels) == (RATE, 1)
        assert info.duration >= row["offset"] + row["duration"] - 1 / RATE
    loud = load_utterance(utterance_from_row(kept["made/loud"], "made/loud"))
    assert np.abs(loud).max() > 0.99, "clipped, not wrapped"


def test_a_recording_that_vanishes_or_locks_after_the_inventory(finished, new_clone, tmp_path):
    source = tmp_path / "vanishing"
    shutil.copytree(finished.folder / "results/corpora/small/resynth/griffinlim/shard-0", source / "one")
    audio = sorted(source.rglob("*.flac"))
    for number in range(3):
        shutil.copy(audio[0], audio[0].with_name(f"extra-{number}.flac"))
    clone = new_clone(source, max_rejected=0.9)
    clone.make("results/corpora/small/inventory")
    audio[0].unlink()
    clone.make("results/corpora/small/merged/manifest.jsonl")
    ledger = rows(clone.folder / "results/corpora/small/merged/manifest.rejected.jsonl")
    assert [row["stage"] for row in ledger] == ["segment"]
    assert ledger[0]["id"].endswith(audio[0].stem)


def test_too_many_rejected_end_the_run_with_a_list(odd, new_clone):
    clone = new_clone(odd)
    done = clone.run("results/corpora/small/merged/manifest.jsonl")
    assert done.returncode != 0
    log = (clone.folder / "logs/merge/small/manifest.log").read_text()
    assert "max_rejected" in log and "corrupt/" in log and "Traceback" not in log
    assert not (clone.folder / "results/corpora/small/merged/manifest.jsonl").exists()


def failed_inventory(clone):
    done = clone.run("results/corpora/small/inventory")
    assert done.returncode != 0
    log = (clone.folder / "logs/inventory/small.log").read_text()
    assert "Traceback" not in log
    return log.strip().splitlines()[-1]


def test_sources_that_cannot_be_a_corpus(new_clone, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no audio here")
    assert failed_inventory(new_clone(tmp_path / "empty", "a")).startswith("error: ")
    table = tmp_path / "columns.csv"
    table.write_text("file_name,who\na.wav,anna\n")
    said = failed_inventory(new_clone(table, "b"))
    assert "path" in said and "file_name" in said


def test_a_repeated_id_is_one_rejected_row(new_clone, finished, tmp_path):
    audio = sorted((finished.folder / "results/corpora/small/resynth").rglob("*.flac"))[:3]
    table = tmp_path / "twice.csv"
    with table.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([("path", "id"), *((str(path), f"id-{number % 2}") for number, path in enumerate(audio))])
    clone = new_clone(table, max_rejected=0.9)
    clone.make("results/corpora/small/merged/manifest.jsonl")
    ledger = rows(clone.folder / "results/corpora/small/merged/manifest.rejected.jsonl")
    assert [(row["id"], row["stage"]) for row in ledger] == [("twice.csv:4", "inventory")]
    assert "id-0" in ledger[0]["reason"]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"codebook": {}}, "unknown key 'codebook'; allowed: "),
        ({"corpora": {}}, "corpora: must not be empty"),
        (
            {"codebooks": {"k20": {"encoder": "whisper"}}},
            "codebooks.k20.encoder: unknown name 'whisper'; known in encoders: ",
        ),
        ({"codebooks": {"k20": {"k": "many"}}}, "codebooks.k20.k: 'many' is not of type 'integer'"),
        ({"bpes": {"motifs": {"like": "motifs"}}}, "bpes: a cycle: motifs → motifs"),
    ],
)
def test_mistakes_in_the_configuration_end_before_the_first_job(new_clone, tmp_path, change, said):
    done = new_clone(tmp_path, **change).run("--dry-run")
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "Building DAG" not in done.stderr


def test_a_source_that_is_not_there_ends_before_the_first_job_even_after_a_run(finished, copy_of, tmp_path):
    clone = copy_of(finished)
    config = yaml.safe_load((clone.folder / "my.yaml").read_text())
    config["corpora"]["small"]["source"] = str(tmp_path / "gone")
    clone.configure(config)
    done = clone.run("--dry-run")
    assert done.returncode != 0
    assert f"corpora.small.source: no such folder or table: {tmp_path / 'gone'}" in done.stdout + done.stderr
