"""The check at the start of a run on SLURM."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

import pytest

import cluster

SAFE_CONFIG = "MinJobAge               = 300 sec\n"
PARTITIONS = """PartitionName=cpu
   AllowGroups=ALL PreemptMode=OFF
PartitionName=lab
   AllowGroups=ALL PreemptMode=REQUEUE
PartitionName=scavenge
   AllowGroups=ALL PreemptMode=CANCEL
"""


@dataclass
class Settings:
    """The plugin's, as profiles/slurm sets them."""

    array_jobs: Optional[str] = None
    status_command: str = "squeue"
    status_attempts: int = 1800
    init_seconds_before_status_checks: int = 20
    requeue: bool = True
    partition_config: Optional[Path] = None


@pytest.fixture(autouse=True)
def slurm(monkeypatch):
    """A cluster that answers; returns what it says, by command."""
    answers = {"config": SAFE_CONFIG, "partition": PARTITIONS.partition("PartitionName=scav")[0], "associations": ""}
    monkeypatch.setattr(cluster, "_said", lambda *command: next(answers[w] for w in command if w in answers))
    monkeypatch.setattr(cluster.metadata, "version", lambda package: cluster.TESTED)
    return answers


def warnings(settings=None, retries=3, force_incomplete=True):
    return cluster.slurm_warnings(settings or Settings(), retries, force_incomplete)


def test_the_shipped_settings_give_no_warning():
    assert warnings() == []


@pytest.mark.parametrize(
    "change, says",
    [
        ({"array_jobs": "all"}, "arrays"),
        ({"status_command": "sacct"}, "cancelled"),
        ({"status_attempts": 5}, "status-attempts"),
        ({"requeue": False}, "slurm-requeue"),
        ({"init_seconds_before_status_checks": 120}, "MinJobAge"),
    ],
)
def test_each_dangerous_setting_is_named(change, says):
    (warning,) = warnings(replace(Settings(), **change))
    assert says in warning


def test_settings_of_snakemake_itself():
    assert "retries" in warnings(retries=0)[0]
    assert "rerun-incomplete" in warnings(force_incomplete=False)[0]


def test_another_version_of_the_plugin(monkeypatch):
    monkeypatch.setattr(cluster.metadata, "version", lambda package: "9.9.9")
    assert "9.9.9" in warnings()[0]


def test_partitions_whose_preemption_cancels(slurm):
    slurm["partition"] = PARTITIONS
    (warning,) = warnings()
    assert "scavenge" in warning and "lab" not in warning


@pytest.mark.parametrize("listed, named", [("{}", True), ("{lab: {}}", False), ("{lab: {}, scavenge: {}}", True)])
def test_partitions_that_are_not_used_do_not_matter(slurm, tmp_path, listed, named):
    slurm["partition"] = PARTITIONS
    table = tmp_path / "partitions.yaml"
    table.write_text(f"partitions: {listed}\n")
    assert bool(warnings(replace(Settings(), partition_config=table))) == named


def test_a_cluster_that_does_not_answer_is_not_guessed_about(slurm):
    slurm.update(config="", partition="")
    assert warnings() == []


@pytest.mark.parametrize("account", [None, "", "CHANGE-ME", "'CHANGE-ME'"])
def test_an_account_is_asked_for(slurm, account):
    slurm["associations"] = "lab\nroot\nlab\n"
    assert "lab, root" in cluster.missing_account(account)


def test_an_account_that_is_there_is_taken():
    assert cluster.missing_account("lab") is None


def test_the_controller_is_noted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cluster.write_controller()
    noted = json.loads((tmp_path / cluster.CONTROLLER).read_text())
    assert noted["pid"] == cluster.os.getpid()
    assert noted["host"] and noted["started"] and noted["command"]
