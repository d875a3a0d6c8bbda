"""The linters, so that one run of the tests says everything."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = ROOT / ".venv" / "bin"


def complaints(*command):
    """What a linter says, or nothing if it is content."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture(scope="module")
def ruff():
    found = shutil.which("ruff", path=str(Path(sys.executable).parent))
    return found or pytest.skip("no ruff beside this Python: run `make test`")


@pytest.fixture(scope="module")
def snakemake():
    return SNAKEMAKE if SNAKEMAKE.is_dir() else pytest.skip("no .venv: run `make test`")


def test_ruff_finds_nothing(ruff):
    assert not complaints(ruff, "check", "--no-cache")


def test_python_is_formatted(ruff):
    assert not complaints(ruff, "format", "--check", "--no-cache")


def test_rule_files_are_formatted(snakemake):
    assert not complaints(snakemake / "snakefmt", "--check", "--compact-diff", "workflow")


@pytest.mark.parametrize("configuration", ["config.yaml", "demo.yaml"])
def test_snakemake_finds_nothing(snakemake, configuration):
    assert not complaints(snakemake / "snakemake", "--lint", "--configfile", f"config/{configuration}")
