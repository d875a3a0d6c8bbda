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


FAILED_RUN = """\
Date: 2026-01-01 10:00:00
Command: {}/snakemake --cores 1
Job stats:
rule vad:
    output: results/vad.jsonl
    jobid: 1
    wildcards: corpus=a, shard=0
Error in rule vad:
    message: SLURM is 'FAILED'.
    jobid: 1
Complete log(s): x
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


def test_plan_wants_hours_of_a_corpus_that_there_is(call):
    status, _, errors = call("amela-plan", "--hours", "b=3")
    assert (status, errors) == (1, "error: --hours: the configuration has no corpus b, only a\n")


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
    meant = "configuration config/config.yaml, no profile (as in the newest run)"
    assert call("amela-rescue", "--dry-run")[1] == f"{meant}\nno job is left of earlier runs\n"


def test_rescue_names_the_first_failure_before_it_offers_the_next_run(call, tmp_path):
    (tmp_path / ".snakemake" / "log" / "2026-01-01.snakemake.log").write_text(FAILED_RUN.format(tmp_path))
    said = " ".join(call("amela-rescue")[1].split())
    failure = "the first: vad corpus=a, shard=0: SLURM is 'FAILED'."
    assert 0 < said.index(failure) < said.index("Go on with")
    (tmp_path / "said").write_text(DRY_RUN.replace("shard=0", "shard=1"))  # it has been made since
    assert "failed" not in call("amela-rescue")[1]


def test_before_any_run_rescue_offers_nothing(call, tmp_path):
    (tmp_path / ".snakemake" / "log" / "2026-01-01.snakemake.log").unlink()
    assert call("amela-rescue")[:2] == (0, "no run yet: there is nothing to put in order\n")


def test_status_counts_on_the_jobs_of_another_profile_than_the_newest_run_had(call, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.yaml").write_text("jobs: 200\nresources: {gpu: 8}\n")
    log = tmp_path / ".snakemake" / "log" / "2026-01-01.snakemake.log"
    newest = log.read_text()
    log.write_text(newest.replace("Job stats", "Provided cores: 2\nJob stats"))
    assert json.loads(call("amela-status", "--json")[1])["places"] == 2
    told = json.loads(call("amela-status", "--json", "--profile", "mine")[1])
    assert (told["places"], told["gpus"]) == (200, 8)


@pytest.mark.parametrize("tool", ["amela-status", "amela-plan", "amela-rescue"])
def test_which_configuration_is_meant_is_told_and_must_be_there(call, tmp_path, tool):
    (tmp_path / "my.yaml").touch()
    status, said, _ = call(tool, "--configfile", "my.yaml", "--profile", "mine")
    assert status == 0 and said.splitlines()[0] == "configuration my.yaml, profile mine"
    status, said, errors = call(tool, "--configfile", "mx.yaml")
    assert (status, errors) == (1, "error: there is no configuration mx.yaml\n")


def test_rescue_cancels_or_waits_but_not_both(call):
    assert call("amela-rescue", "--cancel", "--wait")[0] == 2
