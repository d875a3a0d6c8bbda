"""tools/steering/slurm.py: what squeue says, with a squeue of our own on PATH."""

import pytest

from steering import slurm

LINES = """\
26|e91b8e2f|RUNNING|1:02|3:58:58|cpu|cpu1|rule_asr_wildcards_small_1
27|e91b8e2f|PENDING|0:00|1-00:00:00|gpu|(Resources)|rule_lm_train_wildcards_a|b
28|e91b8e2f|COMPLETING|2-01:00:00|UNLIMITED|cpu|cpu1|rule_motifs
"""


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Function (name, shell script): a command of that name comes first on PATH."""

    def make(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return make


def test_lines_of_squeue(command, tmp_path):
    command("squeue", f"echo \"$@\" > {tmp_path}/asked; cat <<'E'\n{LINES}E")
    first, second, third = slurm.queue(["e91b8e2f", "old"])
    assert (first.id, first.state, first.elapsed, first.left) == ("26", "RUNNING", 62, 3 * 3600 + 58 * 60 + 58)
    assert second.waits and not first.waits and not third.waits
    assert second.comment == "rule_lm_train_wildcards_a|b"
    assert (third.elapsed, third.left) == (49 * 3600, float("inf"))
    assert "--name e91b8e2f,old " in (tmp_path / "asked").read_text()


def test_without_runs_nothing_is_asked(command):
    command("squeue", "exit 1")
    assert slurm.queue([]) == []


def test_a_silent_slurm_is_not_an_empty_queue(command):
    command("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(slurm.SlurmSilent, match="Unable to contact"):
        slurm.queue(["a"])


def test_cancelling_goes_by_state_and_in_portions(command, tmp_path):
    command("scancel", f'echo "$1 $#" >> {tmp_path}/asked')
    slurm.cancel([str(number) for number in range(1200)], state="PENDING")
    assert (tmp_path / "asked").read_text().split("\n")[:3] == [f"--state=PENDING {n}" for n in (501, 501, 201)]


@pytest.mark.parametrize(
    ("clock", "expected"), [("0:05", 5), ("10:00", 600), ("1:00:00", 3600), ("2-00:00:01", 172_801), ("INVALID", None)]
)
def test_clocks(clock, expected):
    assert slurm.seconds(clock) == (float("inf") if expected is None else expected)


def test_of_two_with_one_comment_the_running_counts():
    waiting = slurm.parse("1|a|PENDING|0:00|0:00|cpu|x|rule_a")
    runs = slurm.parse("2|a|RUNNING|0:10|0:00|cpu|x|rule_a")
    assert slurm.by_comment([waiting, runs])["rule_a"].id == "2"
    assert slurm.by_comment([runs, waiting])["rule_a"].id == "2"
