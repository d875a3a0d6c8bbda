"""Two large corpora, as tables of recordings that lie nowhere: a million short ones, and 200 of 16 hours."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = ROOT / ".venv" / "bin" / "snakemake"
SHARDS = 64
MOST_ENTRIES = 10_000  # of a folder
BOUND = 150  # MB, whatever the corpus
GROWTH = 30  # MB between 10,000 recordings and any number of them
# The peak of the process itself: rusage would count what pytest held when it forked.
STAGE_AND_PEAK = """
import os, re, runpy, sys
del sys.argv[0]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def short_rows(count):
    """Words of children: 0.3 to 8 s, in 5,000 folders; a tenth without a length."""
    generator = random.Random(0)
    for number in range(count):
        folder = f"child{generator.randrange(5_000):04d}"
        seconds = f"{generator.uniform(0.3, 8):.3f}" if number % 10 else ""
        yield f"audio/{folder}/{number:07d}.wav,{folder},{seconds}\n"


def long_rows(count):
    """Recordings of a day: 16 h, a few minutes more or less; a tenth without a length."""
    generator = random.Random(0)
    for number in range(count):
        seconds = f"{57_600 + generator.uniform(-300, 300):.1f}" if number % 10 else ""
        yield f"audio/day{number:03d}.wav,child{number // 4},{seconds}\n"


def write_table(path, rows):
    with path.open("w", encoding="utf-8") as table:
        table.write("path,speaker,duration\n")
        table.writelines(rows)
    return path


def inventory(table, output):
    """Run the stage; returns its peak memory in MB."""
    corpus = {"source": str(table), "include": [], "exclude": [], "shards": SHARDS}
    stage = [str(ROOT / "workflow" / "scripts" / "inventory.py"), "--unseen", "--corpus", json.dumps(corpus)]
    done = subprocess.run(
        [sys.executable, "-c", STAGE_AND_PEAK, *stage, "--output", str(output)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return int(done.stdout) / 1024


def check_shards(output, count, longest):
    """Every recording is in a shard, and no two shards differ by more than one recording."""
    names, loads = [], []
    for number in range(SHARDS):
        with (output / f"shard-{number}.jsonl").open(encoding="utf-8") as lines:
            rows = [(row["id"], row["seconds"]) for row in map(json.loads, lines)]
        names += [name for name, _ in rows]
        loads.append(rows)
    assert len(names) == len(set(names)) == count
    known = [seconds for rows in loads for _, seconds in rows if seconds is not None]
    mean = sum(known) / len(known)  # what a recording counts for whose length nobody tells
    sums = [sum(mean if seconds is None else seconds for _, seconds in rows) for rows in loads]
    assert max(sums) - min(sums) <= longest
    assert all(len(files) + len(folders) <= MOST_ENTRIES for _, folders, files in os.walk(output))


@pytest.fixture(scope="module")
def least(tmp_path_factory):
    """Peak memory for a corpus that would fit into memory."""
    folder = tmp_path_factory.mktemp("least")
    return inventory(write_table(folder / "table.csv", short_rows(10_000)), folder / "out")


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.pipeline)])
def test_many_short_recordings_in_bounded_memory(tmp_path, least, count):
    peak = inventory(write_table(tmp_path / "table.csv", short_rows(count)), tmp_path / "out")
    assert peak < BOUND and peak - least < GROWTH
    check_shards(tmp_path / "out", count, longest=8.0)


def test_200_recordings_of_16_hours(tmp_path):
    assert inventory(write_table(tmp_path / "table.csv", long_rows(200)), tmp_path / "out") < BOUND
    check_shards(tmp_path / "out", 200, longest=57_900.0)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert (summary["listed"], summary["recordings"], summary["rejected"]) == (200, 200, 0)


@pytest.mark.pipeline
def test_the_whole_graph_is_planned_without_any_audio(tmp_path):
    if not SNAKEMAKE.is_file():
        pytest.skip(f"{SNAKEMAKE} is missing: run the tests with `make test`")
    tables = {
        "short": write_table(tmp_path / "short.csv", short_rows(1_000)),  # the plan depends on the shards alone
        "long": write_table(tmp_path / "long.csv", long_rows(200)),
    }
    corpora = {name: {"source": str(table), "shards": SHARDS} for name, table in tables.items()}
    (tmp_path / "config.yaml").write_text(json.dumps({"corpora": corpora}), encoding="utf-8")
    command = [str(SNAKEMAKE), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--configfile", "config.yaml"]
    done = subprocess.run(
        [*command, "--dry-run", "--quiet", "rules"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)}
    assert jobs["inventory"] == 2
    for rule in ("segment", "vad", "manifest", "encode", "kmeans_assign", "bpe_apply", "resynth"):
        assert jobs[rule] == 2 * SHARDS, rule
    assert not (tmp_path / "results" / "corpora").exists()
