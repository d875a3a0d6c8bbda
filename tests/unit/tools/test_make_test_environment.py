"""tools/make-test-environment: the union of the pins."""

from pathlib import Path

import pytest
from environment_file import Refused
from loading import load_script

TOOL = Path(__file__).resolve().parents[3] / "tools" / "make-test-environment"


@pytest.fixture(scope="module")
def tool():
    return load_script(TOOL)


def test_each_package_stands_once_however_it_is_written(tool):
    pins = [("scikit-learn==1.9.1", "a"), ("Scikit_Learn==1.9.1", "b"), ("numpy==2.4.6", "a")]
    assert tool.united(pins) == ["numpy==2.4.6", "scikit-learn==1.9.1"]


def test_pins_that_contradict_each_other_are_named_with_their_files(tool):
    pins = [("numpy==2.4.6", "a.yaml"), ("numpy==2.4.5", "b.yaml"), ("scipy==1.0", "a.yaml")]
    with pytest.raises(Refused, match=r"numpy==2\.4\.6 \(a\.yaml\), numpy==2\.4\.5 \(b\.yaml\)$"):
        tool.united(pins)


def test_environments_for_another_python_are_left_out(tool, tmp_path):
    (tmp_path / "new.yaml").write_text("dependencies: [python=3.11, pip=25.0, {pip: [a==1]}]")
    (tmp_path / "old.yaml").write_text("dependencies: [python=3.9, pip=24.0, {pip: [a==0]}]")
    assert tool.environment_pins(tmp_path) == [("pip==25.0", "new.yaml"), ("a==1", "new.yaml")]


def test_what_is_deployed_without_dependencies_is_found(tool, tmp_path):
    (tmp_path / "vad.post-deploy.sh").write_text(
        "set -e\nexec python -m pip install --quiet --no-deps silero-vad==6.2.3\n"
    )
    assert tool.deployed_pins(tmp_path) == [("silero-vad==6.2.3", "vad.post-deploy.sh")]


def test_the_environments_of_the_workflow_agree(tool):
    pins = tool.environment_pins(tool.ROOT / "workflow" / "envs")
    assert tool.united(pins + tool.listed_pins(tool.ROOT / "requirements" / "test.txt"))
