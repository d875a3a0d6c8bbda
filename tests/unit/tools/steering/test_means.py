"""tools/steering/means.py"""

import pytest

from steering.means import Means, at_once, means_of, read_profile
from steering.run_log import Run

SLURM = """\
executor: slurm
jobs: 200
retries: 3
resources:
  gpu: 8
slurm-partition-config: profiles/slurm/partitions.yaml
"""


def test_a_profile_of_the_project(tmp_path, monkeypatch):
    monkeypatch.delenv("SNAKEMAKE_SLURM_PARTITIONS", raising=False)
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "config.yaml").write_text(SLURM)
    means = means_of(read_profile(tmp_path, "slurm"), tmp_path, None, None)
    assert means == Means(200, 8, 4, True, tmp_path / "profiles/slurm/partitions.yaml")


def test_a_profile_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "snakemake" / "mine").mkdir(parents=True)
    (tmp_path / "snakemake" / "mine" / "config.yaml").write_text("cores: 6\n")
    assert means_of(read_profile(tmp_path, "mine"), tmp_path, None, None).places == 6


def test_what_is_asked_for_comes_first(tmp_path):
    means = means_of({"jobs": 200, "resources": {"gpu": 8}}, tmp_path, 10, 0)
    assert (means.places, means.gpus) == (10, 0)


@pytest.mark.parametrize("resources", [["gpu=2", "mem_mb=100"], "gpu=2 mem_mb=100"])
def test_resources_as_on_the_command_line(tmp_path, resources):
    assert means_of({"resources": resources}, tmp_path, None, None).gpus == 2


@pytest.mark.parametrize(
    "resources", [{"slurm_account": "lab"}, ["slurm_account=lab", "qos=normal"], "slurm_account=lab"]
)
def test_the_account(tmp_path, resources):
    assert means_of({"default-resources": resources}, tmp_path, None, None).account == "lab"


def test_jobs_and_gpus_at_once_before_and_after_the_first_run(tmp_path):
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "config.yaml").write_text(SLURM)
    newest = Run(tmp_path / "log", command="snakemake --profile slurm --jobs 3")
    assert at_once(tmp_path, "slurm", None, None, None) == (200, 8)
    assert at_once(tmp_path, "slurm", None, 5, 1) == (5, 1)
    assert at_once(tmp_path, "slurm", newest, None, None) == (None, None)  # those of the run
    assert at_once(tmp_path, "slurm", Run(tmp_path / "log", command="snakemake --cores 2"), None, None) == (200, 8)


def test_without_a_profile(tmp_path, monkeypatch):
    monkeypatch.delenv("SNAKEMAKE_SLURM_PARTITIONS", raising=False)
    assert read_profile(tmp_path, "") == {}
    means = means_of({"cores": "all"}, tmp_path, None, None)
    assert means.places >= 1
    assert (means.gpus, means.attempts, means.slurm, means.partitions) == (None, 1, False, None)
