"""A stage runs in the environment that its rule asked for, or not at all."""

import logging
import sys
from importlib import metadata

import pytest

from amela.environment import ENVIRONMENTS, check_environment, installed_version, read_pins
from amela.errors import AmelaError

FILE = """\
name: amela-fake
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip
  - pip:
      - alpha==1.2.3  # a comment
      - Beta_x.y==2.0.0rc1
      # - gone==1.0
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Folder with one environment, which is active and as its file says."""
    (tmp_path / "fake.yaml").write_text(FILE)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    install(monkeypatch, {"alpha": "1.2.3", "Beta_x.y": "2.0.0rc1"})
    return tmp_path


def install(monkeypatch, versions):
    def version(package):
        if package not in versions:
            raise metadata.PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(metadata, "version", version)


def test_pins_are_the_exact_versions_of_the_pip_block(folder):
    assert read_pins(folder / "fake.yaml") == {"alpha": "1.2.3", "Beta_x.y": "2.0.0rc1"}


@pytest.mark.parametrize("path", sorted(ENVIRONMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_package_of_every_environment_is_pinned(path):
    block = path.read_text("utf-8").partition("- pip:")[2]
    packages = [line.strip() for line in block.splitlines() if line.strip().startswith("- ")]
    assert len(read_pins(path)) == len(packages) > 0


def test_the_right_environment_passes_and_is_logged(folder, caplog):
    with caplog.at_level(logging.INFO):
        check_environment("fake", folder)
    assert sys.prefix in caplog.text
    assert "environment fake: Beta_x.y=2.0.0rc1 alpha=1.2.3" in caplog.text


def test_a_virtualenv_inside_an_activated_conda_counts(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    check_environment("fake", folder)


def test_a_linked_prefix_is_the_same_prefix(folder, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(sys.prefix)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "link"))
    check_environment("fake", folder)


def test_a_call_by_hand_is_not_checked(folder, monkeypatch):
    install(monkeypatch, {})
    monkeypatch.delenv("VIRTUAL_ENV")
    check_environment(None, folder)


def test_outside_every_environment(folder, monkeypatch):
    monkeypatch.delenv("VIRTUAL_ENV")
    with pytest.raises(AmelaError, match="activated: none.*snakemake --sdm conda"):
        check_environment("fake", folder)


def test_activated_but_another_python_runs(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    with pytest.raises(AmelaError, match=f"it runs in {sys.prefix}, activated: .*{tmp_path}"):
        check_environment("fake", folder)


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"alpha": "1.2.4", "Beta_x.y": "2.0.0rc1"}, r"alpha 1\.2\.4 \(pinned 1\.2\.3\)"),
        ({"alpha": "1.2.3"}, r"Beta_x\.y missing \(pinned 2\.0\.0rc1\)"),
        ({}, "Beta_x.y missing .*, alpha missing"),
    ],
)
def test_other_versions_are_named(folder, monkeypatch, versions, said):
    install(monkeypatch, versions)
    with pytest.raises(AmelaError, match=said):
        check_environment("fake", folder)


def test_the_local_part_of_a_version_does_not_matter(folder, monkeypatch):
    install(monkeypatch, {"alpha": "1.2.3+cpu", "Beta_x.y": "2.0.0rc1"})
    assert installed_version("alpha") == "1.2.3"
    check_environment("fake", folder)


def test_an_unknown_environment(folder):
    with pytest.raises(AmelaError, match="unknown environment 'other'"):
        check_environment("other", folder)
