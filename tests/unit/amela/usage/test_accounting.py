"""What sacct says, as it says it."""

import os

import pytest

from amela.usage import accounting
from amela.usage.accounting import FIELDS, ask_sacct, megabytes, parse_sacct

# SLURM 22.05 with SLURM_TIME_FORMAT=%s: a job and its steps; a GPU job; one cancelled while it ran; one that was
# over before it was looked at.
SAID = """\
16|COMPLETED|5|10|1795264435|1795264440|500M|billing=1,cpu=1,mem=500M,node=1|||cpu1
16.batch|COMPLETED|5||1795264440|1795264440||cpu=1,mem=500M,node=1|4260K|cpu=00:00:00,energy=0,mem=4260K|cpu1
16.0|COMPLETED|5||1795264440|1795264440||cpu=1,mem=500M,node=1|124060K|cpu=00:00:03,energy=0,mem=124060K|cpu1
17|COMPLETED|4|5|1795264435|1795264436|200M|billing=1,cpu=1,gres/gpu=1,mem=200M,node=1|||gpu1
17.batch|COMPLETED|4||1795264436|1795264436||cpu=1,gres/gpu=1,mem=200M,node=1|54.50M|cpu=00:00:00,mem=54.50M|gpu1
18|CANCELLED by 0|2|10|1795264435|1795264436|100M|billing=1,cpu=1,mem=100M,node=1|||cpu1
18.batch|CANCELLED|2||1795264436|1795264436||cpu=1,mem=100M,node=1|220K|cpu=00:00:00,mem=220K|cpu1
22|COMPLETED|0|2|1795264438|1795264438|50M|billing=1,cpu=1,mem=50M,node=1|||cpu1
22.batch|COMPLETED|0||1795264438|1795264438||cpu=1,mem=50M,node=1||energy=0|cpu1
"""
USAGE = "cpu=00:56:24,energy=0,fs/disk=350130624578,gres/gpumem=40777023488,gres/gpuutil={},mem=10621726720,pages=3465"


def gpu_job(tres, *utilisations):
    rows = [f"7|COMPLETED|60|10|100|130|8G|{tres}|||gpu1"]
    rows += [f"7.{step}|COMPLETED|60||130|130|||10G|{USAGE.format(use)}|gpu1" for step, use in enumerate(utilisations)]
    return parse_sacct("\n".join(rows))["7"]


def test_a_job_is_its_allocation_and_the_most_of_its_steps():
    job = parse_sacct(SAID)["16"]
    assert (job.state, job.node, job.seconds, job.waiting) == ("COMPLETED", "cpu1", 5.0, 5.0)
    assert (job.requested_mb, job.requested_minutes, job.cpus, job.gpus) == (500.0, 10.0, 1, 0)
    assert job.max_rss_mb == pytest.approx(124060 / 1024)


def test_gpus_without_a_measure_of_their_use():
    job = parse_sacct(SAID)["17"]
    assert (job.gpus, job.gpu_utilisation, job.max_rss_mb) == (1, None, 54.5)


def test_cancelled_jobs_and_jobs_that_were_never_looked_at():
    jobs = parse_sacct(SAID)
    assert (jobs["18"].state, jobs["18"].seconds) == ("CANCELLED", 2.0)
    assert (jobs["22"].seconds, jobs["22"].max_rss_mb) == (0.0, None)


def test_a_job_that_never_started_did_not_wait_for_nothing():
    job = parse_sacct("19|CANCELLED by 0|0|1560|1795264438|None|100M||||None assigned\n")["19"]
    assert (job.waiting, job.node, job.cpus, job.requested_mb) == (None, None, None, 100.0)


def test_lines_that_are_no_rows_are_passed_over():
    assert parse_sacct("") == {}
    assert parse_sacct("sacct: error: something\n16|COMPLETED\n||||||||||\n") == {}
    assert parse_sacct("16.batch|COMPLETED|5||1|1||cpu=1|4260K|cpu=0|cpu1\n") == {}  # a step alone


@pytest.mark.parametrize("limit", ["UNLIMITED", "Partition_Limit", ""])
def test_no_limit_is_unknown(limit):
    assert parse_sacct(f"7|COMPLETED|60|{limit}|100|130|8G|cpu=1,mem=8G|||n1")["7"].requested_minutes is None


@pytest.mark.parametrize(
    "tres, gpus",
    [
        ("cpu=4,gres/gpu=2,mem=8G", 2),
        ("cpu=4,gres/gpu:h200=2,gres/gpu=2,mem=8G", 2),
        ("cpu=4,gres/gpu:a100=2,gres/gpu:v100=1,mem=8G", 3),
        ("cpu=4,gres/gpumem=80G,gres/gpuutil=0,mem=8G", 0),
    ],
)
def test_gpus_are_counted_once(tres, gpus):
    assert gpu_job(tres).gpus == gpus


def test_utilisation_is_of_all_gpus_and_of_the_busiest_step():
    assert gpu_job("cpu=4,gres/gpu=1", 0, 72).gpu_utilisation == pytest.approx(0.72)
    assert gpu_job("cpu=4,gres/gpu=4", 200).gpu_utilisation == pytest.approx(0.5)
    assert gpu_job("cpu=4,gres/gpu=1", 72).gpu_memory_mb == pytest.approx(40777023488 / 2**20)


def test_an_impossible_utilisation_is_unknown():
    assert gpu_job("cpu=4,gres/gpu=1", 18446744073709551614).gpu_utilisation is None
    assert gpu_job("cpu=4", 50).gpu_utilisation is None


@pytest.mark.parametrize(
    "text, mb", [("2048K", 2), ("54.50M", 54.5), ("4G", 4096), ("1048576", 1), ("4Gn", 4096), ("0", 0), ("16?", None)]
)
def test_sizes(text, mb):
    assert megabytes(text) == mb


@pytest.fixture
def sacct(tmp_path, monkeypatch):
    """Function (shell script) → it stands in for sacct; each call adds its arguments to the returned file."""

    def install(script):
        program = tmp_path / "bin" / "sacct"
        program.parent.mkdir()
        asked = tmp_path / "asked"
        program.write_text(f'#!/bin/sh\necho "$SLURM_TIME_FORMAT $@" >> {asked}\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return asked

    return install


def test_sacct_is_asked_in_chunks_for_seconds(sacct, monkeypatch):
    asked = sacct(f"cat <<END\n{SAID}END")
    monkeypatch.setattr(accounting, "CHUNK", 2)
    found, problem = ask_sacct(["17", "16", "100", "16"])
    assert problem is None
    assert {"16", "17"} <= set(found)
    first, second = asked.read_text().splitlines()
    assert first == f"%s --parsable2 --noheader --jobs 16,17 --format {','.join(FIELDS)}"
    assert "--jobs 100 " in second


def test_a_sacct_that_fails_is_a_problem_and_no_error(sacct):
    sacct("echo 'sacct: error: slurm_persist_conn_open: Connection refused' >&2; exit 1")
    assert ask_sacct(["16"]) == ({}, "sacct did not answer: sacct: error: slurm_persist_conn_open: Connection refused")


def test_a_sacct_that_hangs_is_given_up(sacct, monkeypatch):
    sacct("exec sleep 30")
    monkeypatch.setattr(accounting, "PATIENCE", 0.2)
    found, problem = ask_sacct(["16"])
    assert found == {}
    assert "timed out" in problem


def test_no_sacct_is_a_problem_and_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_sacct(["16"]) == ({}, "there is no sacct on this machine")
