"""tools/amela-status, amela-plan and amela-rescue as commands, with a Snakemake of our own that knows one job."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[4] / "tools"
DRY_RUN = """\
Job stats:
job      count
vad          1
total        1

rule vad:
    input: a
    output: results/vad.jsonl
    jobid: 1
    wildcards: corpus=a, shard=0
    resources: runtime=20, cpu_s=1800, output_mb=3
This was a dry-run (flag -n).
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Function (tool, arguments...) → exit status, output, errors, in the folder of a run that has ended."""
    snakemake, conda = tmp_path / "snakemake", tmp_path / "conda"
    snakemake.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    conda.write_text("#!/bin/sh\necho conda 99.1.0\n")  # so that no stand-in for it is looked for
    for program in (snakemake, conda):
        program.chmod(0o755)
    (tmp_path / "said").write_text(DRY_RUN)
    log = tmp_path / ".snakemake" / "log" / "2026-01-01.snakemake.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"Date: 2026-01-01 10:00:00\nCommand: {snakemake} --cores 1\nJob stats:\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def run(tool, *arguments):
        command = [sys.executable, str(TOOLS / tool), "--directory", str(tmp_path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


def test_status_for_people_and_machines(call):
    status, said, _ = call("amela-status")
    assert status == 0 and "corpus a" in said and "0 of 1 jobs are done, 1 remain" in said
    told = json.loads(call("amela-status", "--json", "--jobs", "3", "--gpus", "2")[1])
    assert (told["unmeasured"], told["places"], told["gpus"]) == ({"vad": 1}, 3, 2)


def test_plan_for_people_and_machines(call):
    status, said, _ = call("amela-plan", "--hours", "a=5", "--jobs", "3", "--gpus", "2")
    assert status == 0 and "wall time: 30 min with 3 jobs and 2 GPUs at once" in said
    assert "not counted yet" not in said
    assert json.loads(call("amela-plan", "--json")[1])["assumed"] == ["a"]


@pytest.mark.parametrize("hours", ["a", "a=many"])
def test_plan_wants_hours_of_a_name(call, hours):
    status, _, errors = call("amela-plan", "--hours", hours)
    assert status == 2 and f"expected NAME=HOURS, got '{hours}'" in errors


@pytest.mark.parametrize("tool", ["amela-status", "amela-plan", "amela-rescue"])
def test_what_snakemake_refuses_is_told(call, tmp_path, tool):
    (tmp_path / "said").write_text("no such rule\n")
    status, _, errors = call(tool)
    assert status == 1 and errors.startswith("error: Snakemake refused:") and "no such rule" in errors


def test_a_broken_table_of_partitions_is_told(call, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.yaml").write_text("slurm-partition-config: table.yaml\n")
    (tmp_path / "table.yaml").write_text("partitions: {cpu: {max_runtime: soon}}\n")
    status, _, errors = call("amela-plan", "--profile", "mine")
    assert status == 1 and "table of partitions" in errors and "soon" in errors


def test_rescue_says_what_remains_and_how_to_go_on(call, tmp_path):
    status, said, _ = call("amela-rescue")
    assert status == 0 and "no job is left of earlier runs" in said
    assert f"{tmp_path}/snakemake --cores 1 --rerun-incomplete" in said
    assert call("amela-rescue", "--dry-run")[1] == "no job is left of earlier runs\n"


def test_rescue_cancels_or_waits_but_not_both(call):
    assert call("amela-rescue", "--cancel", "--wait")[0] == 2
