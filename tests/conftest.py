"""Fixtures that every test may use."""

import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Comparisons with fairseq are slow by nature: it runs in a process of its own.

    Tests divided over several processes (pytest-xdist) stay together by file, for what a file
    makes once; runs of the workflow stay in one process, since they make environments.
    """
    for item in items:
        pipeline = item.get_closest_marker("pipeline") or item.get_closest_marker("cluster")
        item.add_marker(pytest.mark.xdist_group("workflow" if pipeline else str(item.path)))
        if "fairseq_python" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


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
