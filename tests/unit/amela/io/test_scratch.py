"""A folder that goes with its process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amela.io.scratch import scratch_folder

SCRIPTS = Path(__file__).resolve().parents[4] / "workflow/scripts"
HOLDS_A_FOLDER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from amela.io.scratch import scratch_folder
with scratch_folder(Path(sys.argv[2])) as folder:
    (folder / "copy").mkdir()
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a folder below ``tmp_path``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_FOLDER, str(SCRIPTS), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert Path(process.stdout.readline().strip()).is_dir()
    yield process
    process.kill()
    process.wait()


def left(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_goes_at_the_end_and_on_errors(tmp_path, error):
    try:
        with scratch_folder(tmp_path) as folder:
            assert folder.parent == tmp_path and os.stat(folder).st_mode & 0o777 == 0o700
            (folder / "copy").mkdir()
            if error:
                raise error
    except (KeyboardInterrupt, ValueError):
        pass
    assert left(tmp_path) == []


def test_goes_on_sigterm(tmp_path, holder):
    holder.send_signal(signal.SIGTERM)
    assert holder.wait(timeout=20) == 128 + signal.SIGTERM
    assert left(tmp_path) == []


def test_what_a_killed_process_left_goes_with_the_next(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert len(left(tmp_path)) == 1
    with scratch_folder(tmp_path) as folder:
        assert left(tmp_path) == [folder.name]


def test_a_living_neighbour_keeps_its_folder(tmp_path, holder):
    (theirs,) = left(tmp_path)
    with scratch_folder(tmp_path) as folder:
        assert set(left(tmp_path)) == {theirs, folder.name}
    assert left(tmp_path) == [theirs]


def test_what_others_left_is_not_touched(tmp_path):
    for name in ("amela-other-machine-x", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lock").touch()
    with scratch_folder(tmp_path):
        pass
    assert set(left(tmp_path)) == {"amela-other-machine-x", "mine"}


def test_handlers_of_sigterm(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with scratch_folder(tmp_path):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    caught = []
    signal.signal(signal.SIGTERM, lambda number, frame: caught.append(number))
    try:
        with scratch_folder(tmp_path):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
        assert caught == [signal.SIGTERM]  # somebody else's stays
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_folder_that_cannot_be_used(tmp_path):
    with pytest.raises(OSError), scratch_folder(tmp_path / "gone"):
        pass
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
