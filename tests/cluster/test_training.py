"""Training by two processes, on one node and on two: the model of one machine with as many, on the GPUs asked for."""

import json
import shutil

import pytest
from cluster_runs import LSTM, ClusterClone
from runs import small_config

pytestmark = [pytest.mark.cluster, pytest.mark.cluster_full]

TARGET = "results/models/lms/lstm/best.json"


def to_be_trained_by_two(clone, source, nodes):
    """A clone without its language models, to be trained by two processes."""
    shutil.rmtree(clone.folder / "results" / "models" / "lms")
    clone.configure(small_config(source, lms={"lstm": {**LSTM, "gpu": 2, "nodes": nodes}}))
    return clone


def models(clone):
    return {path: digest for path, digest in clone.digests().items() if "/lms/" in path}


@pytest.fixture(scope="module")
def of_one_machine(undisturbed, source, tmp_path_factory):
    clone = to_be_trained_by_two(undisturbed.copied_to(tmp_path_factory.mktemp("two") / "clone"), source, nodes=1)
    clone.make(TARGET)
    return models(clone)


@pytest.mark.parametrize("nodes", [1, 2])
def test_two_processes(cluster, undisturbed, source, of_one_machine, tmp_path, monkeypatch, nodes):
    monkeypatch.setitem(cluster.environment, "MASTER_ADDR", "127.0.0.1")  # the nodes' names are no hosts here
    clone = to_be_trained_by_two(ClusterClone(undisturbed, tmp_path / "clone", cluster), source, nodes)
    clone.finish(clone.start(TARGET))
    jobs = [row for row in clone.accounting() if row["Comment"].startswith("rule_lm_train")]
    assert jobs
    for job in jobs:
        assert job["State"] == "COMPLETED" and job["Partition"] == "gpu"
        assert "gres/gpu=2," in job["AllocTRES"] and f"node={nodes}" in job["AllocTRES"].split(",")
    trainings = list(clone.results.glob("models/lms/lstm/*/training.json"))
    assert [json.loads(path.read_text("utf-8"))["processes"] for path in trainings] == [2] * len(jobs)
    assert models(clone) == of_one_machine
