"""Fixtures that every test may use."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def speech() -> Path:
    """Folder of real speech and damaged files; it lies beside the project, never in it."""
    folder = ROOT.parent / "shared" / "speech"
    if not folder.is_dir():
        pytest.skip(f"no real speech at {folder}")
    return folder
