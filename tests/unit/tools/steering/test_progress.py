"""tools/steering/progress.py and status.py with a Snakemake and a SLURM of our own."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from steering import progress, slurm
from steering.dry_run import DryRun, Job
from steering.progress import look
from steering.run_log import Run, Started
from steering.status import as_text


def job(rule, shard, corpus="small", after=""):
    wildcards = (("corpus", corpus), ("shard", str(shard))) if corpus else (("lm", "a"),)
    name = f"{rule}-{corpus}-{shard}"
    return Job(
        rule,
        wildcards,
        input=(f"{after}-{corpus}-{shard}.jsonl",) if after else (),
        output=(f"{name}.jsonl", f"{name}.rejected.jsonl"),
        log=(f"{name}.log",),
        benchmark=f"{name}.tsv",
    )


VAD = [job("vad", shard) for shard in range(3)]
ASR = [job("asr", shard, after="vad") for shard in range(3)]
LM = job("lm_train", 0, corpus="")
ALL = (*VAD, *ASR, LM)


class Snakemake:
    """Stands in for Invocation."""

    def __init__(self, folder, remaining, missing=()):
        self.folder, self.remaining, self.missing = folder, remaining, missing

    def dry_run(self, *arguments, environment=None):
        return DryRun(ALL, ()) if arguments else DryRun(tuple(self.remaining), self.missing)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No SLURM and no controller."""
    monkeypatch.setattr(progress, "queue", lambda run_ids: [])
    monkeypatch.setattr(progress, "is_alive", lambda folder: False)


def run_of(folder, *started, **known):
    run = Run(Path("log"), began=datetime(2026, 11, 21, 12, 0), capacity=2, **known)
    run.jobs = {job.name: Started(job, datetime.now() - timedelta(seconds=4), state) for job, state in started}
    for number, started in enumerate(run.jobs.values()):
        started.failed_as = number if started.state == "failed" else 0
    return run


def benchmark(folder, job, seconds):
    (folder / job.benchmark).write_text(f"s\th:m:s\n{seconds}\tx\n")


def row(found, rule):
    stage = next(stage for stage in found.stages if stage.rule == rule)
    return (stage.all, stage.done, stage.running, stage.waiting, stage.failed)


def test_nothing_made_yet(tmp_path):
    found = look(Snakemake(tmp_path, ALL), None)
    assert row(found, "vad") == (3, 0, 0, 3, 0)
    assert found.seconds_left is None
    text = as_text(found, None, tmp_path)
    assert "run: none yet" in text and "0 of 7 jobs are done, 7 remain" in text and "time left: unknown" in text


def test_all_is_done(tmp_path):
    found = look(Snakemake(tmp_path, []), run_of(tmp_path, ended=True))
    assert row(found, "asr") == (3, 3, 0, 0, 0)
    assert "time left" not in as_text(found, run_of(tmp_path, ended=True), tmp_path)


def test_a_local_run(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "is_alive", lambda folder: True)
    run = run_of(tmp_path, (VAD[0], "finished"), (VAD[1], "failed"), (VAD[2], "started"), (ASR[0], "started"))
    benchmark(tmp_path, VAD[0], 10)
    found = look(Snakemake(tmp_path, [*VAD[1:], *ASR, LM]), run)
    assert row(found, "vad") == (3, 1, 1, 0, 1)
    assert row(found, "asr") == (3, 0, 1, 2, 0)
    assert {job.name for job, _ in found.running} == {VAD[2].name, ASR[0].name}
    assert found.unmeasured == {"asr": 3, "lm_train": 1}
    # two at once: VAD[1] 10 s beside VAD[2], of whose 10 s 4 have passed; the rest is of unknown length
    assert found.seconds_left == pytest.approx(10, abs=1.5)
    assert "time left: at least 10 s" in as_text(found, run, tmp_path)


def test_what_a_dead_controller_had_started_does_not_run(tmp_path):
    found = look(Snakemake(tmp_path, ALL), run_of(tmp_path, (VAD[0], "started")))
    assert row(found, "vad") == (3, 0, 0, 3, 0)


def test_a_run_on_slurm(tmp_path, monkeypatch):
    lines = [
        "1|r|RUNNING|0:30|9:00|cpu|n1|rule_asr_wildcards_small_0",
        "2|r|PENDING|0:00|9:00|cpu|x|rule_asr_wildcards_small_1",
        "3|r|RUNNING|0:30|9:00|cpu|x|rule_gone_wildcards_x",
    ]
    monkeypatch.setattr(progress, "queue", lambda run_ids: [slurm.parse(line) for line in lines])
    run = run_of(tmp_path, (ASR[0], "started"), (ASR[1], "started"), run_id="r")
    found = look(Snakemake(tmp_path, [*ASR, LM]), run)
    assert row(found, "asr") == (3, 0, 1, 2, 0)
    assert (found.queued, found.orphans) == (1, 3)
    assert "`make rescue`" in as_text(found, run, tmp_path)


def test_a_local_job_of_a_run_on_slurm(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "is_alive", lambda folder: True)
    usage = replace(job("usage", 0, corpus=""), resources={"local": 1})
    run = run_of(tmp_path, (usage, "started"), (LM, "started"), run_id="r")
    found = look(Snakemake(tmp_path, [usage]), run)
    assert [(job.name, round(seconds)) for job, seconds in found.running] == [(usage.name, 4)]
    assert (found.unmeasured, found.seconds_left) == ({}, 0)
    assert look(Snakemake(tmp_path, [LM, usage]), run).seconds_left is None


def test_gpus_are_limited_as_in_the_newest_run(tmp_path):
    trainings = [replace(LM, wildcards=(("lm", name),), output=(name,), resources={"gpu": 2}) for name in "abc"]
    benchmark(tmp_path, LM, 100)
    snakemake = Snakemake(tmp_path, trainings)
    for gpus, expected in [(None, 100), (6, 100), (5, 200), (2, 300)]:
        run = run_of(tmp_path, gpus=gpus)
        found = look(snakemake, run, places=9)
        assert (found.gpus, found.seconds_left) == (gpus, expected)
    assert "time left: 5 min, 9 jobs and 2 GPUs at once, no queue" in as_text(found, run, tmp_path)
    assert look(snakemake, run, places=9, gpus=4).seconds_left == 200
    assert json.loads(json.dumps(found.as_json()))["gpus"] == 2


def test_too_few_gpus_are_told(tmp_path):
    training = replace(LM, resources={"gpu": 2})
    benchmark(tmp_path, LM, 100)
    run = run_of(tmp_path, gpus=1)
    found = look(Snakemake(tmp_path, [training]), run)
    assert found.seconds_left is None
    text = as_text(found, run, tmp_path)
    assert f"{training.name} asks for 2 GPUs, there are 1" in text and "time left: unknown" in text


def test_a_silent_slurm_is_told(tmp_path, monkeypatch):
    def silent(run_ids):
        raise slurm.SlurmSilent("controller is away")

    monkeypatch.setattr(progress, "queue", silent)
    run = run_of(tmp_path, (ASR[0], "started"), run_id="r")
    found = look(Snakemake(tmp_path, ALL), run)
    assert row(found, "asr") == (3, 0, 0, 3, 0)
    assert "controller is away" in as_text(found, run, tmp_path)


def test_the_first_failure_with_its_log(tmp_path):
    run = run_of(tmp_path, (VAD[1], "failed"), (VAD[2], "failed"), (VAD[0], "failed"))
    run.jobs[VAD[1].name].message = "SLURM status is: 'TIMEOUT'"
    (tmp_path / VAD[1].log[0]).write_text("a\n" * 30 + "error: the reason\n")
    text = as_text(look(Snakemake(tmp_path, VAD[1:]), run), run, tmp_path)
    first = text.index(f"first failure: {VAD[1].name}")
    assert text.index("TIMEOUT") > first and "error: the reason" in text
    assert text.count("\n    a") < 10
    assert VAD[0].name not in text  # made since
    (tmp_path / VAD[1].log[0]).unlink()
    assert "vad-small-1.log: empty or not there" in as_text(look(Snakemake(tmp_path, VAD[1:]), run), run, tmp_path)


def test_a_job_that_was_not_submitted_has_no_log_of_its_own(tmp_path):
    run = run_of(tmp_path, (VAD[1], "failed"))
    run.jobs[VAD[1].name].message = "SLURM sbatch failed. The error message was 'invalid partition'."
    (tmp_path / VAD[1].log[0]).write_text("of an earlier run\n")
    text = as_text(look(Snakemake(tmp_path, VAD[1:]), run), run, tmp_path)
    assert "invalid partition" in text and "of an earlier run" not in text


def test_after_a_run_that_ended_with_failures_no_time_is_left(tmp_path, monkeypatch):
    run = run_of(tmp_path, (VAD[0], "finished"), (VAD[1], "failed"), ended=True)
    benchmark(tmp_path, VAD[0], 10)
    snakemake = Snakemake(tmp_path, [*VAD[1:], *ASR])
    found = look(snakemake, run)
    assert (found.blocked, found.seconds_left) == (1, None)
    text = as_text(found, run, tmp_path)
    assert "the run has ended with failures: 1 jobs failed, 1 wait for them" in text and "time left" not in text
    monkeypatch.setattr(progress, "is_alive", lambda folder: True)  # the next one has begun
    assert (look(snakemake, run).blocked, look(snakemake, run).seconds_left is None) == (None, False)
    run.ended = False
    assert look(snakemake, run).blocked is None


def test_jobs_wait_also_for_failures_further_up(tmp_path):
    last = replace(LM, input=(ASR[1].output[0],))
    found = look(Snakemake(tmp_path, [last, *VAD[1:], *ASR]), run_of(tmp_path, (VAD[1], "failed"), ended=True))
    assert found.blocked == 2


def test_what_is_tried_again_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "is_alive", lambda folder: True)
    run = run_of(tmp_path, (VAD[0], "finished"), (VAD[1], "started"), (VAD[2], "started"))
    run.jobs[VAD[0].name].attempt = run.jobs[VAD[1].name].attempt = 2
    found = look(Snakemake(tmp_path, [*VAD[1:], *ASR]), run)
    assert found.attempts == {VAD[1].name: 2}
    text = as_text(found, run, tmp_path)
    assert f"{VAD[1].name}, attempt 2, for 4 s" in text and f"{VAD[2].name}, for 4 s" in text
    assert "1 of them are tried again" in text


def test_ledgers_are_counted_also_where_a_line_is_broken(tmp_path):
    (tmp_path / VAD[0].output[1]).write_text('{"id": "a"}\n{"id": "b", "filtered": true}\n{"id')
    found = look(Snakemake(tmp_path, ALL), None)
    vad = found.stages[0]
    assert (vad.rejected.rejected, vad.rejected.filtered, vad.rejected.broken) == (1, 1, 1)
    assert "1 lines of ledgers" in as_text(found, None, tmp_path)


def test_results_without_a_record_are_told_unless_a_run_goes_on(tmp_path, monkeypatch):
    snakemake = Snakemake(tmp_path, ALL, missing=("asr",))
    assert "--forcerun asr" in as_text(look(snakemake, None), None, tmp_path)
    monkeypatch.setattr(progress, "is_alive", lambda folder: True)
    assert "--forcerun" not in as_text(look(snakemake, None), None, tmp_path)


def test_models_come_after_corpora_and_json_holds_all(tmp_path):
    found = look(Snakemake(tmp_path, ALL), run_of(tmp_path, (VAD[0], "failed")))
    assert [stage.rule for stage in found.stages] == ["vad", "asr", "lm_train"]
    content = json.loads(json.dumps(found.as_json()))
    assert content["stages"][0]["waiting"] == 2
    assert content["failed"][0] == {"job": VAD[0].name, "message": "", "logs": list(VAD[0].log)}
