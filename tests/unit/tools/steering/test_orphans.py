"""tools/steering/orphans.py with a SLURM that is a file."""

import pytest

from steering import orphans, processes, slurm
from steering.orphans import Refused, find, refuse_beside_controller, settle
from steering.processes import Controller, Process
from steering.slurm import SlurmSilent


class Queue:
    """SLURM's queue, which every look at makes shorter: running jobs end, waiting ones stay."""

    def __init__(self, *states):
        self.jobs = {str(number): state for number, state in enumerate(states)}
        self.cancelled = []

    def look(self, run_ids):
        shown = [slurm.parse(f"{n}|run|{state}|1:00|9:00|cpu|x|rule_{n}") for n, state in self.jobs.items()]
        for number, state in list(self.jobs.items()):
            if state == "RUNNING":
                del self.jobs[number]
        return shown

    def cancel(self, ids, state=""):
        gone = [number for number in ids if number in self.jobs and state in ("", self.jobs[number])]
        self.cancelled += gone
        for number in gone:
            del self.jobs[number]


@pytest.fixture
def cluster(monkeypatch):
    def make(*states):
        queue = Queue(*states)
        monkeypatch.setattr(orphans, "queue", queue.look)
        monkeypatch.setattr(orphans, "cancel", queue.cancel)
        monkeypatch.setattr(orphans, "left_jobs", lambda folder, in_queue: [])
        monkeypatch.setattr(orphans, "is_there", lambda: True)
        monkeypatch.setattr(orphans, "run_ids", lambda folder: ["run"])
        monkeypatch.setattr(orphans.time, "sleep", lambda seconds: None)
        return queue

    return make


def test_by_default_what_waits_is_cancelled_and_what_runs_is_waited_for(cluster, tmp_path):
    queue = cluster("RUNNING", "PENDING", "PENDING")
    left, said = find(tmp_path), []
    queue.jobs["0"] = "RUNNING"
    settle(left, cancel_running=False, cancel_waiting=True, say=said.append)
    assert queue.cancelled == ["1", "2"]
    assert not left
    assert any(line.startswith("waiting for 1 jobs") for line in said)


def test_all_can_be_cancelled(cluster, tmp_path):
    queue = cluster("SUSPENDED", "PENDING")
    settle(find(tmp_path), cancel_running=True, cancel_waiting=True, say=str)
    assert queue.cancelled == ["0", "1"]


def test_it_is_told_what_is_left(cluster, tmp_path):
    cluster("RUNNING")
    assert "rule_0" in find(tmp_path).as_text()


def test_stages_inside_jobs_of_the_queue_are_not_ended(cluster, tmp_path, monkeypatch):
    cluster("RUNNING", "PENDING")
    stages = [Process(7, ["python", "workflow/scripts/asr.py"], job) for job in ("0", "1", "12", "")]
    monkeypatch.setattr(
        orphans, "left_jobs", lambda folder, in_queue: [stage for stage in stages if stage.slurm_job not in in_queue]
    )
    assert find(tmp_path).local == stages[2:]


def test_a_silent_slurm_ends_the_rescue(cluster, tmp_path, monkeypatch):
    cluster("RUNNING")
    left = find(tmp_path)

    def silent(run_ids):
        raise SlurmSilent("gone")

    monkeypatch.setattr(orphans, "queue", silent)
    with pytest.raises(SlurmSilent):
        settle(left, cancel_running=False, cancel_waiting=True, say=str)


def test_without_squeue_runs_of_slurm_cannot_be_rescued(cluster, tmp_path, monkeypatch):
    cluster()
    monkeypatch.setattr(orphans, "is_there", lambda: False)
    with pytest.raises(Refused, match="no squeue on this machine"):
        find(tmp_path)
    monkeypatch.setattr(orphans, "run_ids", lambda folder: [])
    assert not find(tmp_path)


def test_a_process_that_does_not_end_is_refused(cluster, tmp_path, monkeypatch):
    cluster()
    left = find(tmp_path)
    left.local = [Process(1, ["python", "workflow/scripts/asr.py"])]
    monkeypatch.setattr(orphans, "end", lambda processes: processes)
    with pytest.raises(Refused, match="does not end: process 1"):
        settle(left, cancel_running=False, cancel_waiting=True, say=str)


class TestController:
    @pytest.fixture(autouse=True)
    def nobody(self, monkeypatch):
        monkeypatch.setattr(orphans, "controllers", lambda folder: [])
        monkeypatch.setattr(orphans, "noted_controller", lambda folder: None)
        monkeypatch.setattr(orphans, "is_locked", lambda folder: True)

    def test_nobody_is_no_reason(self, tmp_path):
        refuse_beside_controller(tmp_path, force=False)

    def test_one_that_lives(self, tmp_path, monkeypatch):
        monkeypatch.setattr(orphans, "controllers", lambda folder: [Process(7, ["snakemake", "--cores", "1"])])
        with pytest.raises(Refused, match="goes on: process 7: snakemake --cores 1"):
            refuse_beside_controller(tmp_path, force=True)

    def test_one_on_another_machine_needs_force_while_there_is_a_lock(self, tmp_path, monkeypatch):
        monkeypatch.setattr(orphans, "noted_controller", lambda folder: Controller("login2", 7, 0.0, "snakemake"))
        with pytest.raises(Refused, match="login2 as process 7.*--force"):
            refuse_beside_controller(tmp_path, force=False)
        refuse_beside_controller(tmp_path, force=True)
        monkeypatch.setattr(orphans, "is_locked", lambda folder: False)
        refuse_beside_controller(tmp_path, force=False)


def test_locks_are_files(tmp_path):
    assert not processes.is_locked(tmp_path)
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    assert not processes.is_locked(tmp_path)
    (tmp_path / ".snakemake" / "locks" / "0.input.lock").touch()
    assert processes.is_locked(tmp_path)
