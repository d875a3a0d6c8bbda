"""Whether the job that holds a lock still runs."""

import dataclasses
import os
import signal
import subprocess
import sys

import pytest

from amela.io.holder import Holder

ELSEWHERE = "another machine"


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Function that makes a command squeue which says this, and returns the other holder's job."""

    def make(says="", complains="", status=0):
        command = tmp_path / "squeue"
        command.write_text(f"#!/bin/sh\necho '{says}'\necho '{complains}' >&2\nexit {status}\n", encoding="utf-8")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setenv("SLURM_CLUSTER_NAME", "here")
        here = dataclasses.replace(Holder.here(), machine=ELSEWHERE)
        return dataclasses.replace(here, slurm_job="7", slurm_cluster="here")

    return make


def test_survives_json():
    holder = Holder.here()
    assert Holder.from_json(holder.to_json()) == holder
    assert str(holder.pid) in str(holder)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"token": "a"', "7"])
def test_other_text_is_no_holder(text):
    with pytest.raises((ValueError, TypeError)):
        Holder.from_json(text)


def test_a_process_of_this_machine_is_looked_for():
    here = Holder.here()
    assert here.runs() is True
    assert dataclasses.replace(here, started=here.started + 1).runs() is False  # the id is used again
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started = int(open(f"/proc/{process.pid}/stat", encoding="utf-8").read().rpartition(")")[2].split()[19])
    other = dataclasses.replace(here, pid=process.pid, started=started)
    assert other.runs() is True
    process.send_signal(signal.SIGSTOP)
    assert other.runs() is True  # it may go on at any time
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert other.runs() is False  # a zombie writes nothing
    process.wait()
    assert other.runs() is False


@pytest.mark.parametrize(
    "answer, runs",
    [
        ({"says": "RUNNING"}, True),
        ({"says": "SUSPENDED"}, True),
        ({"says": "COMPLETING"}, True),
        ({"says": "PENDING"}, False),  # put back into the queue
        ({"says": "CANCELLED"}, False),
        ({"says": ""}, False),
        ({"complains": "slurm_load_jobs error: Invalid job id specified", "status": 1}, False),
        ({"complains": "Unable to contact slurm controller", "status": 1}, None),
    ],
)
def test_a_job_of_this_cluster_is_asked_about(squeue, answer, runs):
    assert squeue(**answer).runs() is runs


def test_this_very_job_before_it_was_put_back_into_the_queue(squeue, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert squeue("RUNNING").runs() is False


def test_nobody_knows_of_another_cluster_or_machine(squeue):
    assert dataclasses.replace(squeue("RUNNING"), slurm_cluster="there").runs() is None
    assert dataclasses.replace(squeue("RUNNING"), slurm_job=None).runs() is None


def test_a_job_of_a_known_cluster_is_not_asked_about_from_an_unknown_one(squeue, monkeypatch):
    """Outside of jobs there may be another cluster's ``squeue``."""
    holder = squeue(complains="slurm_load_jobs error: Invalid job id specified", status=1)
    monkeypatch.delenv("SLURM_CLUSTER_NAME")
    assert holder.runs() is None
    assert dataclasses.replace(holder, slurm_cluster=None).runs() is False
