"""tools/steering/run_log.py on logs that Snakemake 9.27.1 wrote, shortened."""

from datetime import datetime

import pytest

from steering.run_log import newest_run, read_run, run_ids

HEADER = """
SNAKEMAKE
=========
  Date: 2026-11-21 12:32:05
  Host: login1
  Command: /venv/bin/snakemake --profile slurm --configfile my.yaml
  Snakefile: /data/amela/workflow/Snakefile
  Config file(s): [PosixPath('/data/amela/my.yaml'), PosixPath('/data/amela/more.yaml')]

Building DAG of jobs...
SLURM run ID: e91b8e2f-927a
Provided remote nodes: 4
Job stats:
job      count
-----  -------
total        3

Select jobs to execute...
"""


def job(rule, number, shard):
    return f"""[Sat Nov 21 12:40:38 2026]
rule {rule}:
    input: results/in/shard-{shard}
    output: results/{rule}/shard-{shard}.jsonl
    log: logs/{rule}/shard-{shard}.log
    jobid: {number}
    wildcards: corpus=small, shard={shard}
    resources: tmpdir=<TBD>, mem_mb=1000
Job {number} has been submitted with SLURM jobid 4{number} (log: /x/4{number}.log).
"""


def failure(rule, number, shard, message="None"):
    return f"""[Sat Nov 21 12:40:54 2026]
Error in rule {rule}:
    message: {message}
    jobid: {number}
    output: results/{rule}/shard-{shard}.jsonl
    log: logs/{rule}/shard-{shard}.log, /x/4{number}.log (check log file(s) for error details)
    shell:
        python x.py
        (command exited with non-zero exit code)
    external_jobid: 4{number}
"""


EMBEDDED = f"""Logfile /x/416.log:
{"=" * 80}

SNAKEMAKE
=========
  Command: another
SLURM run ID: another
[Sat Nov 21 12:40:46 2026]
rule asr:
    output: results/other
    jobid: 0
Error in rule asr:
    jobid: 3
Finished jobid: 5 (Rule: asr)
{"=" * 80}
"""


def write(folder, name, text):
    path = folder / ".snakemake" / "log" / f"{name}.snakemake.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def states(run):
    return {name.partition(" ")[0]: started.state for name, started in run.jobs.items()}


def test_the_heading(tmp_path):
    run = read_run(write(tmp_path, "a", HEADER))
    assert run.began == datetime(2026, 11, 21, 12, 32, 5)
    assert (run.host, run.run_id, run.capacity, run.profile) == ("login1", "e91b8e2f-927a", 4, "slurm")
    assert run.config_files == ("/data/amela/my.yaml", "/data/amela/more.yaml")
    assert run.snakefile == "/data/amela/workflow/Snakefile"
    assert not run.ended


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ('Provided resources: gpu=Resource("gpu", 8)\n', 8),
        ('Provided resources: mem_mb=Resource("mem_mb", 9000), gpu=Resource("gpu", 2)\n', 2),
        ("Provided resources: gpu=0, disk_mb=5\n", 0),
        ('Provided resources: slurm_gpu=Resource("slurm_gpu", 3)\n', None),
    ],
)
def test_gpus_at_once(tmp_path, line, expected):
    text = HEADER.replace("Job stats:", f"{line}Job stats:")
    assert read_run(write(tmp_path, "a", text)).gpus == expected


def test_when_the_first_job_started(tmp_path):
    again = job("asr", 3, 0).replace("12:40:38", "13:00:00")
    text = HEADER + job("asr", 3, 0) + failure("asr", 3, 0) + "Trying to restart job 3.\n" + again
    run = read_run(write(tmp_path, "a", text))
    assert run.first_job == datetime(2026, 11, 21, 12, 40, 38)
    assert run.jobs["asr corpus=small, shard=0"].at == datetime(2026, 11, 21, 13, 0)
    assert read_run(write(tmp_path, "b", HEADER)).first_job is None


def test_what_became_of_jobs(tmp_path):
    text = HEADER + job("asr", 3, 0) + job("vad", 5, 1) + job("lm", 6, 2)
    text += "[Sat Nov 21 12:41:00 2026]\nFinished jobid: 5 (Rule: vad)\n1 of 3 steps (33%) done\n"
    text += failure("lm", 6, 2, "SLURM-job '46' failed, SLURM status is: 'TIMEOUT'.")
    run = read_run(write(tmp_path, "a", text))
    assert states(run) == {"asr": "started", "vad": "finished", "lm": "failed"}
    failed = run.jobs["lm corpus=small, shard=2"]
    assert "TIMEOUT" in failed.message
    assert failed.logs == ("logs/lm/shard-2.log", "/x/46.log")
    assert run.jobs["asr corpus=small, shard=0"].at == datetime(2026, 11, 21, 12, 40, 38)


def test_a_job_that_is_tried_again_has_not_failed(tmp_path):
    text = HEADER + job("asr", 3, 0) + failure("asr", 3, 0) + "Trying to restart job 3.\n"
    assert states(read_run(write(tmp_path, "a", text))) == {"asr": "started"}
    again = text + job("asr", 3, 0) + failure("asr", 3, 0)
    assert states(read_run(write(tmp_path, "a", again))) == {"asr": "failed"}


SBATCH = """SLURM sbatch failed. The error message was 'sbatch: error: invalid partition specified: cpuu
sbatch: error: Batch job submission failed: Invalid partition name specified'.
    sbatch call:
        sbatch --parsable --wrap="python -m snakemake"
For further error details see the cluster/cloud log and the log files of the involved rule(s)."""
ACCOUNT = """Job submission failed with exception: The given account labb appears to be invalid. Available accounts:
lab, rootFor further error details see the cluster/cloud log and the log files of the involved rule(s)."""


@pytest.mark.parametrize(
    ("message", "ending"), [(SBATCH, "Invalid partition name specified'."), (ACCOUNT, "accounts:\nlab, root")]
)
def test_a_submission_that_failed_is_a_failure(tmp_path, message, ending):
    text = HEADER + job("asr", 3, 0) + failure("asr", 3, 0, message) + "Logfile x: empty file\n"
    run = read_run(write(tmp_path, "a", text + job("vad", 5, 1)))
    assert states(run) == {"asr": "failed", "vad": "started"}
    failed = run.jobs["asr corpus=small, shard=0"]
    assert failed.message.endswith(ending) and len(failed.message.splitlines()) == 2
    assert failed.logs[0] == "logs/asr/shard-0.log" and not failed.submitted


def test_a_message_that_is_cut_off_does_not_swallow_the_next_job(tmp_path):
    cut = failure("asr", 3, 0, SBATCH).partition("    jobid")[0]
    run = read_run(write(tmp_path, "a", HEADER + job("asr", 3, 0) + cut + job("vad", 5, 1)))
    assert states(run) == {"asr": "started", "vad": "started"}


def test_advice_that_the_profile_forbids_is_left_out(tmp_path):
    said = "SLURM-job '46' failed, SLURM status is: 'FAILED'."
    hint = " Detailed failure reason unavailable (status command is not 'sacct')."
    after = "For further error details see the cluster/cloud log and the log files of the involved rule(s)."
    text = HEADER + job("asr", 3, 0) + failure("asr", 3, 0, said + hint + after)
    assert [j.message for j in read_run(write(tmp_path, "a", text)).jobs.values()] == [said]


def test_attempts_are_counted(tmp_path):
    again = failure("asr", 3, 0) + "Trying to restart job 3.\n"
    text = HEADER + job("asr", 3, 0) + job("vad", 5, 1) + again + job("asr", 3, 0) + again
    assert [j.attempt for j in read_run(write(tmp_path, "a", text)).jobs.values()] == [3, 1]
    text += job("asr", 3, 0)
    assert [j.attempt for j in read_run(write(tmp_path, "a", text)).jobs.values()] == [3, 1]


def test_logs_that_are_printed_inside_are_passed_over(tmp_path):
    text = HEADER + job("asr", 3, 0) + job("vad", 5, 1) + EMBEDDED + "Finished jobid: 3 (Rule: asr)\n"
    run = read_run(write(tmp_path, "a", text))
    assert states(run) == {"asr": "finished", "vad": "started"}
    assert run.run_id == "e91b8e2f-927a"


def test_failures_keep_their_order(tmp_path):
    text = HEADER + job("asr", 3, 0) + job("vad", 5, 1) + failure("vad", 5, 1) + failure("asr", 3, 0)
    jobs = read_run(write(tmp_path, "a", text)).jobs.values()
    assert [j.job.rule for j in sorted(jobs, key=lambda j: j.failed_as)] == ["vad", "asr"]


def test_a_log_cut_off_inside_a_job_still_tells_of_it(tmp_path):
    text = HEADER + job("asr", 3, 0).partition("    resources")[0]
    assert states(read_run(write(tmp_path, "a", text))) == {"asr": "started"}


def test_unlocking_and_refused_runs_are_not_the_newest(tmp_path):
    write(tmp_path, "2026-01-01", HEADER + job("asr", 3, 0))
    write(tmp_path, "2026-01-02", HEADER + "LockException:\nError: Directory cannot be locked.\n")
    write(tmp_path, "2026-01-03", "Unlocked working directory.\n")
    write(tmp_path, "2026-01-04", HEADER.replace("--profile slurm", "x --touch") + job("vad", 1, 0))
    assert states(newest_run(tmp_path)) == {"asr": "started"}


def test_there_may_be_no_run(tmp_path):
    assert newest_run(tmp_path) is None
    assert run_ids(tmp_path) == []


def test_names_of_all_runs(tmp_path):
    write(tmp_path, "2026-01-01", HEADER.replace("e91b8e2f-927a", "old"))
    write(tmp_path, "2026-01-02", HEADER.replace("SLURM run ID: e91b8e2f-927a\n", ""))
    write(tmp_path, "2026-01-03", HEADER)
    assert run_ids(tmp_path) == ["e91b8e2f-927a", "old"]
