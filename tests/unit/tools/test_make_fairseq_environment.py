"""tools/make-fairseq-environment, and pins of the two environments that hold fairseq."""

import re
import sys
from pathlib import Path

import pytest
from environment_file import read_environment
from loading import load_script

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / "tools" / "make-fairseq-environment"


@pytest.fixture(scope="module")
def tool():
    return load_script(TOOL)


@pytest.mark.parametrize("found", [None, ("3.10", Path("/usr/bin/python3.10"))])
def test_without_python_39_it_says_so_and_makes_nothing(tool, found, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tool, "find_interpreter", lambda version: found)
    monkeypatch.setattr(sys, "argv", ["make-fairseq-environment", str(tmp_path / "old")])
    (tmp_path / "old").mkdir()
    tool.main()
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "old").exists()


def pins(lines):
    named = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, _, version in named}


def test_the_oracle_and_the_textless_backend_stand_on_the_same_packages():
    oracle = pins((ROOT / "requirements" / "fairseq.txt").read_text("utf-8").splitlines())
    legacy = pins(read_environment(ROOT / "workflow" / "envs" / "encode-textless.yaml").requirements)
    shared = oracle.keys() & legacy.keys()
    assert {"torch", "numpy", "omegaconf", "hydra-core"} <= shared
    assert {name: oracle[name] for name in shared} == {name: legacy[name] for name in shared}
