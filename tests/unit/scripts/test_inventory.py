"""The inventory stage, as the rule calls it."""

import json
import os

import inventory
import numpy as np
import pytest
import soundfile as sf

from amela.errors import AmelaError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def inventoried(source, shards=3, output="out"):
        corpus = {"source": str(source), "include": [], "exclude": [], "shards": shards}
        inventory.main(["--corpus", json.dumps(corpus), "--output", output])
        return {path.name: path.read_bytes() for path in sorted((tmp_path / output).iterdir())}

    return inventoried


def rows(content):
    return [json.loads(line) for line in content.decode().splitlines()]


def write(path, seconds, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        sf.write(file, np.zeros(round(seconds * rate)), rate, format="MP3" if path.suffix == ".mp3" else "WAV")


def test_a_directory(run, tmp_path):
    for number in range(8):
        write(tmp_path / "audio" / f"speaker{number % 2}" / f"{number}.wav", 1 + number / 4)
    write(tmp_path / "audio" / "speaker0" / "long.mp3", 9.0)
    write(tmp_path / "audio" / "speaker1" / os.fsdecode(b"caf\xe9.wav"), 0.5)
    (tmp_path / "audio" / "speaker1" / "broken.wav").write_bytes(b"no audio" * 4_000)
    files = run("audio")
    assert list(files) == ["rejected.jsonl", "shard-0.jsonl", "shard-1.jsonl", "shard-2.jsonl", "summary.json"]
    shards = [rows(files[f"shard-{number}.jsonl"]) for number in range(3)]
    assert all(shard == sorted(shard, key=lambda row: row["id"]) for shard in shards)
    by_id = {row["id"]: row for shard in shards for row in shard}
    assert len(by_id) == sum(map(len, shards)) == 11
    assert by_id["speaker1/3"] == {
        "id": "speaker1/3",
        "path": "audio/speaker1/3.wav",
        "bytes": 56_044,
        "seconds": 1.75,
        "speaker": "speaker1",
    }
    assert by_id["speaker0/long"]["seconds"] == pytest.approx(9.0, abs=0.1)
    assert by_id["speaker1/broken"]["seconds"] is None
    assert os.path.isfile(by_id["speaker1/caf%E9"]["path"])  # the bytes of its name survive JSON
    loads = [sum(row["seconds"] or 0 for row in shard) for shard in shards]
    assert max(loads) - min(loads) <= 9.0
    summary = json.loads(files["summary.json"])
    assert summary == {
        "source": "audio",
        "listed": 11,
        "recordings": 11,
        "rejected": 0,
        "bytes": sum(row["bytes"] for row in by_id.values()),
        "seconds": pytest.approx(sum(loads)),
        "shard_seconds": [pytest.approx(load, abs=2.0) for load in loads],  # something for the broken one
        "longest_seconds": pytest.approx(9.0, abs=0.1),
    }
    assert sum(summary["shard_seconds"]) > summary["seconds"]


def test_a_table_and_its_ledger(run, tmp_path):
    write(tmp_path / "a.wav", 1.0)
    write(tmp_path / "b.wav", 2.0)
    (tmp_path / "table.csv").write_text("path,child_id\na.wav,c1\ngone.wav,c2\nb.wav,c3\n")
    files = run("table.csv", shards=4)
    assert [len(rows(files[f"shard-{number}.jsonl"])) for number in range(4)] == [1, 1, 0, 0]
    assert rows(files["shard-0.jsonl"])[0]["child_id"] == "c3"
    assert rows(files["rejected.jsonl"]) == [
        {
            "id": "table.csv:3",
            "stage": "inventory",
            "reason": "No such file or directory",
            "path": str(tmp_path / "gone.wav"),
        }
    ]
    summary = json.loads(files["summary.json"])
    assert (summary["listed"], summary["recordings"], summary["rejected"]) == (3, 2, 1)


def test_the_same_twice_and_over_an_older_one(run, tmp_path):
    for number in range(20):
        write(tmp_path / "audio" / f"{number}.wav", 0.1 * (number % 3 + 1))
    first = run("audio", shards=4)
    assert run("audio", shards=4, output="again") == first
    assert "shard-3.jsonl" not in run("audio", shards=3)  # nothing of the older one is left


def test_the_broken_files_stay_in(run, speech):
    files = run(speech / "corrupt", shards=1)
    found = {row["id"]: row["seconds"] for row in rows(files["shard-0.jsonl"])}
    assert len(found) == 8 and found["zero-bytes"] is None and found["null"] == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [("nowhere", "does not exist"), ("empty", "no audio in this directory"), ("x.wav", "no kind of table")],
)
def test_sources_that_cannot_be_used(run, tmp_path, source, message):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "x.wav", 0.1)
    with pytest.raises(AmelaError, match=message):
        run(source)
    assert not (tmp_path / "out").exists()
