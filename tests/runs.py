"""Runs of the real workflow in folders of their own: on this machine (pipeline) and on a cluster (cluster)."""

import csv
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from copy import copy
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "resources" / "demo"
SNAKEMAKE = ROOT / ".venv" / "bin" / "snakemake"
JOB = re.compile(r"^(?:local)?rule (\w+):$")
WILDCARDS = re.compile(r"^    wildcards: (.*)$")
# What holds results; logs, benchmarks and what is told of them differ from run to run by nature.
COMPARED = ("*.jsonl", "*.json", "*.tsv", "*.csv", "*.rttm", "*.parquet", "*.flac", "*.model", "*.html", "*.pt")
OF_THE_RUN = ("usage.html", "usage.tsv")


def planned_jobs(said: str) -> set:
    """Jobs that Snakemake's output lists, as "rule wildcards"."""
    jobs = []
    for line in said.splitlines():
        if rule := JOB.match(line):
            jobs.append(rule[1])
        elif wildcards := WILDCARDS.match(line):
            jobs[-1] += f" {wildcards[1]}"
    return set(jobs)


def _without(content: bytes, places: list) -> bytes:
    for place in places:
        content = content.replace(place, b"CLONE")
    return content


class Clone:
    """A copy of the workflow in a folder of its own, and its runs."""

    def __init__(self, folder: Path, config: dict) -> None:
        self.folder = self.copied_from = folder
        folder.mkdir(parents=True, exist_ok=True)
        for part in ("workflow", "tools", "config", "profiles"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "resources").mkdir()
        shutil.copy(ROOT / "resources" / "checkpoints.tsv", folder / "resources")
        self.configure(config)

    def copied_to(self, folder: Path) -> "Clone":
        """The same elsewhere, with its results, for a test to change; times of files are kept."""
        other = copy(self)
        shutil.copytree(self.folder, folder, symlinks=True)
        other.folder, other.copied_from = folder, self.folder
        return other

    def configure(self, config: dict) -> None:
        (self.folder / "my.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def command(self, *arguments: str) -> list:
        return [
            *(str(part) for part in (self.folder / "tools" / "without-conda", SNAKEMAKE)),
            *arguments,
            *("--configfile", "my.yaml", "--sdm", "conda", "--cores", "2", "--rerun-incomplete"),
        ]

    def environment(self) -> dict:
        return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def make(self, *arguments: str) -> str:
        """Run to the end; returns what Snakemake said."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:] + self.failed_logs()
        return done.stdout + done.stderr

    def failed_logs(self) -> str:
        logs = sorted(self.folder.glob("logs/**/*.log"), key=lambda path: path.stat().st_mtime)
        return "".join(f"\n== {path}\n{path.read_text()[-1500:]}" for path in logs[-3:])

    def planned(self, *arguments: str) -> set:
        """Jobs of a dry run, as "rule wildcards" (``segment corpus=a, shard=0``)."""
        said = self.make("--dry-run", *arguments)
        jobs = planned_jobs(said)
        assert jobs or "Nothing to be done" in said, said
        return jobs - {"all"}

    def start(self, *arguments: str) -> subprocess.Popen:
        """A run in a process group of its own, so that all of it can be killed at once."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, process: subprocess.Popen, number: signal.Signals) -> None:
        os.killpg(process.pid, number)
        process.wait(timeout=120)

    def unlock(self) -> None:
        self.make("--unlock")

    def digests(self) -> dict:
        """SHA-256 of every result, by path; the place of the clone itself is left out of the bytes."""
        files = {path for pattern in COMPARED for path in (self.folder / "results").rglob(pattern)}
        places = [str(folder).encode() for folder in (self.folder, self.copied_from)]
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(_without(path.read_bytes(), places)).hexdigest()
            for path in sorted(files)
            if path.name not in OF_THE_RUN
        }

    def leftovers(self) -> list:
        return [str(path) for path in (self.folder / "results").rglob(".*") if path.name != ".snakemake_timestamp"]


def kill_and_start_again(start, output: Path, lines: int) -> None:
    """A job killed as soon as its journal has so many lines, and then run to its end. ``start``: begins it."""
    journal = output.with_name(f".{output.name}.journal")
    process, deadline = start(), time.monotonic() + 200
    while not journal.is_file() or journal.read_bytes().count(b"\n") < lines:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert journal.is_file() and not output.exists()
    assert start().wait(timeout=300) == 0
    assert not journal.exists()


def small_config(source: Path, **changes) -> dict:
    """The whole graph, as small as it can be: two shards, few units, two tiny language models."""
    return {
        "corpora": {"small": {"source": str(source), "shards": 2}},
        "encoders": {"mfcc": {"hop": 0.02}},
        "codebooks": {"k20": {"encoder": "mfcc", "k": 20}},
        "bpes": {"motifs": {"codebook": "k20", "vocab_size": 60}},
        "vocoders": {"griffinlim": {"codebook": "k20", "iterations": 4}},
        "asrs": {"pocketsphinx": {"max_hmms": 500, "max_words": 2, "overwrite": True}},
        "lms": {
            "lstm": {
                "tokens": "k20",
                "embedding": 8,
                "hidden": 16,
                "layers": 1,
                "epochs": 3,
                "grid": {"dropout": [0.0, 0.1]},
            }
        },
        **changes,
    }


def demo_table(target: Path, count: int) -> Path:
    """The first recordings of each speaker of the demo corpus, as a table of their own."""
    with (DEMO / "recordings.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if "story" not in row["path"]]  # as long as all the others
    speakers = sorted({row["speaker"] for row in rows})
    each = -(-count // len(speakers))
    chosen = [row for name in speakers for row in [row for row in rows if row["speaker"] == name][:each]]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "path": str(DEMO / row["path"])} for row in chosen)
    return target
