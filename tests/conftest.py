"""Fixtures that every test may use."""

import fcntl
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SLOW = {"fairseq_python", "tiny_salm", "tiny_tdt"}  # fixtures: a process of its own, models that learn


def pytest_itemcollected(item):
    """Mark what is slow by its fixtures."""
    if SLOW & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Divide tests over processes by file, for what a file makes once.

    Runs of the workflow stay in one process: they make environments in one place. They are
    collected first and begin first, since they take the longest.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # else the files with the most tests come first

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.partition("::")[0]
            return "workflow" if path.startswith(("tests/pipeline/", "tests/cluster/")) else path

    return ByFile(config, log)


@pytest.fixture(scope="session")
def speech() -> Path:
    """Folder of real speech and damaged files; it lies beside the project, never in it."""
    folder = ROOT.parent / "shared" / "speech"
    if not folder.is_dir():
        pytest.skip(f"no real speech at {folder}")
    return folder


@pytest.fixture(scope="session")
def fairseq_python() -> Path:
    """A Python 3.9 that has fairseq, to compare with; give it a script and files to answer in."""
    python = ROOT / ".venv-fairseq" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no fairseq at {python} (make .venv-fairseq/made; needs Python 3.9)")
    return python


def made_once(tmp_path_factory, name, make):
    """Path at which ``make`` has made something, whole, once for all processes that the tests are divided over."""
    base = tmp_path_factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with path.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            making = path.with_name(f"making-{name}")  # with the ending that it is known by
            make(making)
            making.rename(path)
    return path


@pytest.fixture(scope="session")
def tiny_salm(tmp_path_factory) -> Path:
    """Folder of a small Canary-Qwen that knows ``tiny_hearing.CLIPS`` by heart."""
    pytest.importorskip("nemo")
    from tiny_hearing import CLIPS
    from tiny_salm import save_tiny_salm

    return made_once(tmp_path_factory, "salm", lambda folder: save_tiny_salm(folder, CLIPS))


@pytest.fixture(scope="session")
def tiny_tdt(tmp_path_factory) -> Path:
    """A small Parakeet, a .nemo file, that knows ``tiny_hearing.CLIPS`` by heart."""
    pytest.importorskip("nemo")
    from tiny_hearing import CLIPS
    from tiny_tdt import save_tiny_tdt

    return made_once(tmp_path_factory, "tdt.nemo", lambda path: save_tiny_tdt(path, CLIPS))


@pytest.fixture
def room():
    """Context manager in which no file of this process grows beyond so many bytes, as on a full disk."""

    @contextmanager
    def limit(n_bytes):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit
