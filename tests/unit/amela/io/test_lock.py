"""Locks between real processes."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

import amela.io.lock
from amela.errors import AmelaError
from amela.io.holder import Holder
from amela.io.lock import SILENCE, OutputLock

SCRIPTS = Path(amela.__file__).parents[1] if amela.__file__ else Path(amela.io.lock.__file__).parents[2]
HOLD = """
import sys, time; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from amela.io.lock import OutputLock
with OutputLock(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def output(tmp_path):
    return tmp_path / "new" / "shard-0.jsonl"


@pytest.fixture
def holders():
    """Function that starts a process which holds an output's lock until its input ends."""
    started = []

    def hold(output, wait=True):
        command = [sys.executable, "-B", "-c", HOLD, str(SCRIPTS), str(output)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        if wait:
            assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.communicate()


def leave(output, age, **changes):
    """A lock that a machine unknown to us has left ``age`` seconds ago."""
    output.parent.mkdir(parents=True, exist_ok=True)
    lock = OutputLock(output).path
    holder = dataclasses.replace(Holder.here(), machine="elsewhere", slurm_job=None, node="far", **changes)
    lock.write_text(holder.to_json(), encoding="utf-8")
    os.utime(lock, (time.time() - age,) * 2)
    return lock


def test_names_its_job_and_goes(output, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    with OutputLock(output) as lock:
        lock.check()
        row = json.loads(lock.path.read_text("utf-8"))
        assert (row["slurm_job"], row["pid"]) == ("4711", os.getpid())
    assert list(output.parent.iterdir()) == []


def test_goes_after_an_error_too(output):
    with pytest.raises(ValueError, match="bug"), OutputLock(output):
        raise ValueError("bug")
    assert list(output.parent.iterdir()) == []


def test_a_second_writer_waits_and_then_names_the_first(output, holders, caplog):
    first = holders(output)
    with pytest.raises(AmelaError, match=f"another job writes this: .*process {first.pid} on "):
        OutputLock(output, patience=0.3).__enter__()
    assert f"waiting for process {first.pid}" in caplog.text.replace("SLURM job None, ", "")
    first.communicate()
    with OutputLock(output, patience=0):
        pass


def test_the_lock_of_a_killed_process_is_taken_over_at_once(output, holders, caplog):
    first = holders(output)
    first.kill()
    first.wait()
    with OutputLock(output, patience=0) as lock:
        lock.check()
    assert f"process {first.pid}" in caplog.text and "is gone" in caplog.text
    assert list(output.parent.iterdir()) == []


def test_a_stopped_process_keeps_its_lock(output, holders):
    first = holders(output)
    first.send_signal(signal.SIGSTOP)
    lock = OutputLock(output, patience=0.3)
    os.utime(lock.path, (time.time() - 2 * SILENCE,) * 2)
    with pytest.raises(AmelaError, match="another job"):
        lock.__enter__()
    first.send_signal(signal.SIGCONT)


def test_of_an_unknown_machine_only_signs_of_life_tell(output):
    leave(output, age=SILENCE - 60)
    with pytest.raises(AmelaError, match="on far"):
        OutputLock(output, patience=0.2).__enter__()
    leave(output, age=SILENCE + 60)
    with OutputLock(output, patience=0):
        pass
    assert list(output.parent.iterdir()) == []


def test_a_torn_lock_is_judged_by_its_age(output):
    lock = leave(output, age=0)
    lock.write_text('{"token": ', encoding="utf-8")
    with pytest.raises(AmelaError, match="another job"):
        OutputLock(output, patience=0.2).__enter__()
    os.utime(lock, (time.time() - SILENCE - 60,) * 2)
    with OutputLock(output, patience=0):
        pass


def test_who_was_taken_for_dead_notices_before_writing(output):
    first = OutputLock(output)
    with first:
        leave(output, age=SILENCE + 60)  # what the first would look like from elsewhere
        with OutputLock(output, patience=0) as second:
            with pytest.raises(AmelaError, match="another took over"):
                first.check()
            second.check()
    assert not first.path.exists()


def test_a_loser_does_not_remove_the_winners_lock(output):
    first = OutputLock(output)
    first.__enter__()
    lock = leave(output, age=0)
    first.__exit__(None, None, None)
    assert lock.exists()


def test_signs_of_life(output, monkeypatch):
    monkeypatch.setattr(amela.io.lock, "HEARTBEAT", 0.05)
    with OutputLock(output) as lock:
        os.utime(lock.path, (0, 0))
        deadline = time.monotonic() + 10
        while lock.path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert time.time() - lock.path.stat().st_mtime < 60


def test_many_takers_of_a_dead_lock_hold_it_one_after_the_other(output):
    """Each counts up a file that a second one at the same time would spoil."""
    leave(output, age=SILENCE + 60)
    count = output.parent / "count"
    count.write_text("0", encoding="ascii")
    errors = []

    def take():
        try:
            with OutputLock(output, patience=60):
                value = int(count.read_text("ascii"))
                time.sleep(0.005)
                count.write_text(str(value + 1), encoding="ascii")
        except Exception as error:  # seen by the test
            errors.append(error)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert count.read_text("ascii") == "8"
    assert [path.name for path in output.parent.iterdir()] == ["count"]


def test_two_processes_at_once_of_which_one_waits(output, holders):
    leave(output, age=SILENCE + 60)
    both = [holders(output, wait=False) for _ in range(2)]
    for process in both:
        process.stdin.close()
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert [process.stdout.read() for process in both] == ["held\n", "held\n"]
    assert list(output.parent.iterdir()) == []
    for process in both:
        process.stdin = None


def test_a_claim_of_a_taker_that_died_does_not_last(output):
    lock = leave(output, age=SILENCE + 60, token="dead")
    claim = lock.with_name(f"{lock.name}.dead.claim")
    claim.write_text("", encoding="ascii")
    os.utime(claim, (time.time() - SILENCE - 60,) * 2)
    with OutputLock(output, patience=5):
        pass
    assert list(output.parent.iterdir()) == []


def test_on_a_full_disk_a_lock_is_released(output, room):
    lock = OutputLock(output).__enter__()
    with room(0):
        lock.__exit__(None, None, None)
    assert list(output.parent.iterdir()) == []


def test_on_a_full_disk_a_lock_that_is_not_got_leaves_nothing(output, room):
    with room(0), pytest.raises(OSError, match="File too large"):
        OutputLock(output).__enter__()
    assert list(output.parent.iterdir()) == []
    dead = leave(output, age=SILENCE + 60)
    with room(0), pytest.raises(OSError, match="File too large"):
        OutputLock(output).__enter__()
    assert list(output.parent.iterdir()) == [dead] and json.loads(dead.read_text("utf-8"))["node"] == "far"


@pytest.mark.parametrize("error", [None, ValueError("bug")])
def test_a_lock_that_cannot_be_removed_hides_no_error_and_makes_none(output, monkeypatch, caplog, error):
    def fail(*arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    with pytest.raises(ValueError, match="bug") if error else nullcontext(), OutputLock(output) as lock:
        monkeypatch.setattr(amela.io.lock.os, "open", fail)
        if error:
            raise error
    assert "Read-only" in caplog.text and lock.path.exists()


def test_a_lock_that_only_the_server_sees_is_not_waited_for_without_end(output, monkeypatch):
    """A machine's old view of a folder: the name is taken, and there is no such file."""
    tries = []
    monkeypatch.setattr(amela.io.lock, "_create", lambda *arguments: tries.append(1))
    with pytest.raises(AmelaError, match="this machine does not see which"):
        OutputLock(output, patience=0.3).__enter__()
    assert 2 <= len(tries) <= 8, "with pauses"


def test_a_stale_handle_is_a_lock_that_is_gone(output, monkeypatch):
    def stale(*arguments, **options):
        raise OSError(errno.ESTALE, "Stale file handle")

    with OutputLock(output) as lock:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_text", stale)
            with pytest.raises(AmelaError, match="another took over"):
                lock.check()
        lock.check()
