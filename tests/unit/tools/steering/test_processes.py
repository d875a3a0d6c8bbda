"""tools/steering/processes.py with real processes."""

import json
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from steering import processes

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def start(tmp_path):
    """Function (path of a script, *arguments): a Python that runs a sleeping script in the folder."""
    running = []

    def run(script, *arguments, **environment):
        path = tmp_path / script
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SLEEP)
        process = subprocess.Popen([sys.executable, script, *arguments], cwd=tmp_path, env=environment)
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()


def until(condition):
    limit = time.monotonic() + 10
    while not (found := condition()) and time.monotonic() < limit:
        time.sleep(0.02)
    return found


def note(folder, pid, started, host=None):
    (folder / "logs").mkdir(exist_ok=True)
    content = {"host": host or socket.gethostname(), "pid": pid, "started": started.isoformat(), "command": ["x"]}
    (folder / "logs" / "controller.json").write_text(json.dumps(content))


def now(**shift):
    return datetime.now(timezone.utc) + timedelta(**shift)


def test_a_controller_is_found_without_its_note(start, tmp_path):
    process = start("bin/snakemake", "--cores", "2")
    assert [found.pid for found in until(lambda: processes.controllers(tmp_path))] == [process.pid]
    assert processes.controllers(tmp_path / "bin") == []


def test_the_note_holds_while_its_process_lives(start, tmp_path):
    process = start("bin/anything")
    note(tmp_path, process.pid, now(seconds=1))
    assert processes.noted_controller(tmp_path).alive
    process.kill()
    process.wait()
    assert not processes.noted_controller(tmp_path).alive


def test_a_number_that_another_process_has_got_since_is_not_the_controller(start, tmp_path):
    process = start("bin/anything")
    note(tmp_path, process.pid, now(hours=-2))
    assert not processes.noted_controller(tmp_path).alive


def test_of_another_machine_nothing_is_known(start, tmp_path):
    note(tmp_path, start("bin/anything").pid, now(seconds=1), host="elsewhere")
    controller = processes.noted_controller(tmp_path)
    assert not controller.here and not controller.alive


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"pid": 1}', '{"host": "a", "pid": "x", "started": "y", "command": []}']
)
def test_a_broken_note_is_none(tmp_path, text):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "controller.json").write_text(text)
    assert processes.noted_controller(tmp_path) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/venv/bin/python /venv/bin/snakemake --profile slurm", True),
        ("/venv/bin/snakemake --cores 2", True),
        ("python -m snakemake --cores 2", True),
        ("python -m snakemake --target-jobs a --mode remote", False),
        ("/venv/bin/python /venv/bin/snakemake -n", False),
        ("vim snakemake.md", False),
        ("python tools/amela-status", False),
    ],
)
def test_what_a_controller_looks_like(line, expected):
    assert processes.is_controller(line.split()) is expected


def test_stages_are_found_unless_a_run_gave_them_to_slurm(start, tmp_path):
    outside = start("workflow/scripts/asr.py", "--output", "x")
    within_allocation = start("workflow/scripts/vad.py", SLURM_JOB_ID="12", SLURM_JOB_NAME="interactive")
    submitted = start("workflow/scripts/lm_train.py", A="b", SLURM_JOB_ID="7", SLURM_JOB_NAME="python")
    start("elsewhere/asr.py")
    until(lambda: len(processes.left_jobs(tmp_path, ())) == 3)
    found = processes.left_jobs(tmp_path, ())
    assert {process.pid: process.slurm_job for process in found} == {
        outside.pid: "",
        within_allocation.pid: "12",
        submitted.pid: "7",
    }
    left = {process.pid for process in processes.left_jobs(tmp_path, {"7", "8"})}
    assert left == {outside.pid, within_allocation.pid}


def test_processes_are_asked_to_end(start, tmp_path):
    process = start("workflow/scripts/asr.py")
    found = until(lambda: processes.left_jobs(tmp_path, ()))
    assert processes.end(found, patience=10) == []
    assert process.wait() == -15
