"""tools/steering/rescue.py with a Snakemake that only notes what it was asked."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from steering import orphans
from steering.dry_run import DryRun, Job
from steering.orphans import Refused
from steering.processes import Process
from steering.rescue import RUN_CONFIG, how_to_go_on, made_alone, put_in_order, what_remains
from steering.run_log import Run, Started

BEGAN = datetime(2026, 11, 21, 12, 0)
FIRST_JOB = BEGAN + timedelta(seconds=20)


def job(rule, shard, reason=""):
    return Job(rule, (("shard", str(shard)),), output=(f"{rule}-{shard}.jsonl", f"{rule}-{shard}"), reason=reason)


def run_of(tmp_path, *started):
    run = Run(tmp_path / "log", command="/v/snakemake --cores 2", snakefile=str(tmp_path / "workflow" / "Snakefile"))
    run.began, run.first_job = BEGAN, FIRST_JOB
    run.jobs = {job.name: Started(job, None, state) for job, state in started}
    return run


class Snakemake:
    """Stands in for Invocation."""

    snakemake = ("tools/without-conda", "/v/snakemake")

    def __init__(self, folder, *dry_runs):
        self.folder, self.dry_runs, self.asked, self.config = folder, list(dry_runs), [], None

    def run(self, *arguments):
        self.asked.append(" ".join(arguments))

    def dry_run(self):
        return self.dry_runs.pop(0)

    def with_config(self, path):
        self.config = path
        return self


def write(path, at):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (at.timestamp(),) * 2)


@pytest.fixture
def project(tmp_path):
    """A locked folder whose code is older than the run, and whose configuration is that of the run."""
    write(tmp_path / "workflow" / "scripts" / "asr.py", BEGAN - timedelta(minutes=1))
    write(tmp_path / RUN_CONFIG, BEGAN + timedelta(seconds=10))
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    (tmp_path / ".snakemake" / "locks" / "0.output.lock").touch()
    return tmp_path


def outputs(folder):
    for path in (folder / "asr-0.jsonl", folder / "asr-0" / "a.flac"):
        path.parent.mkdir(exist_ok=True)
        path.touch()


def test_which_jobs_ended_after_the_controller(tmp_path):
    run = run_of(
        tmp_path,
        (job("asr", 0), "started"),
        (job("asr", 1), "started"),
        (job("vad", 0), "finished"),
        (job("lm", 0), "started"),
    )
    remaining = DryRun((job("asr", 1),), ("asr", "vad"))
    assert made_alone(run, remaining) == [job("asr", 0)]
    assert made_alone(run, DryRun(remaining.jobs, ())) == []
    assert made_alone(None, remaining) == []
    run.ended = True
    assert made_alone(run, remaining) == []


def test_they_are_put_on_record_with_the_configuration_of_their_run(project):
    outputs(project)
    snakemake = Snakemake(project, DryRun((), ("asr",)), DryRun((), ()))
    said = []
    assert put_in_order(snakemake, run_of(project, (job("asr", 0), "started")), False, said.append) == DryRun((), ())
    assert snakemake.asked == ["--unlock", "asr-0.jsonl --touch --force --no-hooks --cores 1"]
    assert snakemake.config == Path("results", "run_config.yaml")
    assert said == ["unlocked", "put on record what 1 jobs (asr 1) made after the controller's death"]
    assert (project / "asr-0.jsonl").exists()


def test_they_are_kept_without_a_record_where_the_code_is_another_one(project):
    outputs(project)
    write(project / "workflow" / "scripts" / "asr.py", BEGAN + timedelta(hours=1))
    left = DryRun((), ("asr", "vad"))
    snakemake, said = Snakemake(project, left), []
    run = run_of(project, (job("asr", 0), "started"), (job("vad", 0), "started"), (job("asr", 1), "started"))
    assert put_in_order(snakemake, run, False, said.append) == left
    assert snakemake.asked == ["--unlock"]
    assert (project / "asr-0.jsonl").exists() and (project / "asr-0" / "a.flac").exists()
    text = " ".join(said[1].split())
    assert text.startswith("kept what 3 jobs (asr 2, vad 1) made after the controller's death, but not on record:")
    assert "asr.py was changed since" in text
    assert "`--forcerun asr vad` makes it again; `make status` will go on naming these rules" in text


@pytest.mark.parametrize(
    ("written", "of_this_run"),
    [
        (BEGAN - timedelta(minutes=1), False),  # the run was told to write none (--no-hooks)
        (BEGAN - timedelta(seconds=1), True),  # a clock of whole seconds
        (FIRST_JOB, True),
        (FIRST_JOB + timedelta(seconds=1.9), True),
        (FIRST_JOB + timedelta(seconds=5), False),  # a later run that started no job
        (None, False),
    ],
)
def test_they_are_put_on_record_only_with_the_configuration_of_their_run(project, written, of_this_run):
    if written:
        write(project / RUN_CONFIG, written)
    else:
        (project / RUN_CONFIG).unlink()
    snakemake, said = Snakemake(project, DryRun((), ("asr",)), DryRun((), ())), []
    put_in_order(snakemake, run_of(project, (job("asr", 0), "started")), False, said.append)
    assert any("--touch" in asked for asked in snakemake.asked) is of_this_run
    assert ("results/run_config.yaml is not of that run" in " ".join(said[1].split())) is not of_this_run


@pytest.mark.parametrize("known", ["began", "first_job"])
def test_without_the_times_of_the_run_nothing_is_put_on_record(project, known):
    run = run_of(project, (job("asr", 0), "started"))
    setattr(run, known, None)
    snakemake = Snakemake(project, DryRun((), ("asr",)))
    put_in_order(snakemake, run, False, str)
    assert snakemake.asked == ["--unlock"]


def test_a_controller_that_came_meanwhile_keeps_its_lock(project, monkeypatch):
    monkeypatch.setattr(orphans, "controllers", lambda folder: [Process(7, ["snakemake", "--cores", "1"])])
    snakemake = Snakemake(project)
    with pytest.raises(Refused, match="the run goes on: process 7"):
        put_in_order(snakemake, None, False, str)
    assert snakemake.asked == []


def test_what_was_not_locked_is_not_unlocked(tmp_path):
    snakemake = Snakemake(tmp_path, DryRun((), ()))
    put_in_order(snakemake, None, False, str)
    assert snakemake.asked == []


def test_what_remains_is_told_by_rule_and_reason():
    jobs = (
        job("asr", 0, "Missing output files: a, b; Input files updated by another job: c"),
        job("asr", 1, "Missing output files: d"),
        job("vad", 0, "Forced execution"),
    )
    lines = what_remains(DryRun(jobs, ())).splitlines()[2:]
    assert lines[0].split(None, 2) == ["asr", "2", "missing output files (2), input files updated by another job (1)"]
    assert lines[1].split(None, 2) == ["vad", "1", "left unfinished (1)"]
    assert what_remains(DryRun((), ())) == "nothing remains to be made"


def test_the_next_command_is_the_last_one(tmp_path):
    snakemake = Snakemake(tmp_path)
    run = run_of(tmp_path)
    assert how_to_go_on(snakemake, run) == "tools/without-conda /v/snakemake --cores 2 --rerun-incomplete"
    run.command = "/v/snakemake --profile slurm"
    assert how_to_go_on(snakemake, run) == "tools/without-conda /v/snakemake --profile slurm"
