"""The ``sbatch`` that waits for SLURM, in front of a cluster that a script plays."""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

OURS = Path(__file__).resolve().parents[2] / "workflow" / "bin"
JOB = ("--parsable", "--job-name", "run-1", "--comment", "rule_asr_wildcards_a_0", "-t", "16", "--wrap", "true")
AWAY = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)"
NO_ANSWER = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
LIMIT = "sbatch: error: AssocMaxSubmitJobLimit"
INVALID = "sbatch: error: invalid partition specified: nowhere"
# One line of answers a call: exit status, then what is said. The last one stays.
PLAYER = """#!/bin/sh
echo "$0 $*" >> "{calls}"
answers="{answers}"
read -r status said < "$answers"
[ "$(wc -l < "$answers")" -eq 1 ] || sed -i 1d "$answers"
[ "$status" -eq 0 ] && {{ [ -z "$said" ] || echo "$said"; }} || echo "$said" >&2
exit "$status"
"""


def at(seconds):
    """A time so many seconds from now, as squeue tells it."""
    return (datetime.now() + timedelta(seconds=seconds)).isoformat(timespec="seconds")


class Cluster:
    def __init__(self, folder):
        self.folder = folder

    def plays(self, command, *answers):
        """Let a command answer these in turn: (exit status, what is said)."""
        path = self.folder / f"{command}.answers"
        path.write_text("".join(f"{status} {said}\n" for status, said in answers))
        player = self.folder / command
        player.write_text(PLAYER.format(calls=self.folder / "calls", answers=path))
        player.chmod(0o755)

    def submit(self, patience=60):
        folders = [OURS, self.folder, *os.environ["PATH"].split(os.pathsep)]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(map(str, folders)),
            "AMELA_SBATCH_PATIENCE": str(patience),
            "AMELA_SBATCH_PAUSE": "0",
        }
        return subprocess.run(["sbatch", *JOB], env=environment, capture_output=True, text=True, check=False)

    def calls(self, command):
        return [line for line in (self.folder / "calls").read_text().splitlines() if f"/{command} " in line]


@pytest.fixture
def cluster(tmp_path):
    played = Cluster(tmp_path)
    played.plays("squeue", (0, ""))
    return played


def test_the_clusters_sbatch_gets_every_argument(cluster):
    cluster.plays("sbatch", (0, "41"))
    done = cluster.submit()
    assert (done.returncode, done.stdout) == (0, "41\n")
    assert cluster.calls("sbatch") == [f"{cluster.folder}/sbatch {' '.join(JOB)}"]


def test_an_absence_is_waited_for(cluster):
    cluster.plays("sbatch", (1, AWAY), (1, AWAY), (0, "42"))
    done = cluster.submit()
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    assert len(cluster.calls("sbatch")) == 3


def test_a_job_that_was_accepted_unheard_is_not_submitted_again(cluster):
    cluster.plays("sbatch", (1, NO_ANSWER))
    cluster.plays(
        "squeue", (1, "squeue: error: Unable to contact slurm controller"), (0, f"43|{at(0)}|rule_asr_wildcards_a_0")
    )
    done = cluster.submit()
    assert (done.returncode, done.stdout) == (0, "43\n")
    assert len(cluster.calls("sbatch")) == 1
    assert "--name=run-1" in cluster.calls("squeue")[0]


def test_another_job_of_the_run_is_not_taken_for_it(cluster):
    cluster.plays("sbatch", (1, NO_ANSWER), (0, "45"))
    cluster.plays("squeue", (0, f"44|{at(0)}|rule_asr_wildcards_a_01"))
    assert cluster.submit().stdout == "45\n"


def test_an_earlier_attempt_is_not_taken_for_it(cluster):
    cluster.plays("sbatch", (1, NO_ANSWER), (0, "47"))
    cluster.plays("squeue", (0, f"46|{at(-60)}|rule_asr_wildcards_a_0"))
    assert cluster.submit().stdout == "47\n"


def test_a_limit_of_submissions_is_waited_for_however_long(cluster):
    cluster.plays("sbatch", (1, LIMIT), (1, LIMIT), (0, "48"))
    assert cluster.submit(patience=0).stdout == "48\n"


def test_a_fault_of_the_job_is_told_at_once(cluster):
    cluster.plays("sbatch", (1, INVALID))
    done = cluster.submit()
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{INVALID}\n")
    assert len(cluster.calls("sbatch")) == 1


def test_it_does_not_wait_for_ever(cluster):
    cluster.plays("sbatch", (1, AWAY))
    done = cluster.submit(patience=0)
    assert (done.returncode, done.stderr) == (1, f"{AWAY}\n")
