"""One process; several are tested where they train (tests/unit/scripts/test_lm.py)."""

import os
import sys

import pytest
import torch

from amela.errors import AmelaError
from amela.training.processes import Processes, training_processes


@pytest.fixture
def alone():
    return Processes(torch.device("cpu"))


def test_shares_of_all_processes_are_everything(alone):
    items, shares = list(range(7)), []
    for rank in range(3):
        alone.rank, alone.size = rank, 3
        shares += alone.share(items)
    assert sorted(shares) == items
    alone.rank, alone.size = 2, 3
    assert alone.share(items[:2]) == []


def test_one_process_is_everybody(alone):
    assert (alone.gather("a"), alone.broadcast("a"), alone.largest(2)) == (["a"], "a", 2)
    module = torch.nn.Linear(1, 1)
    assert alone.join(module) is module


def test_gradients_of_shares_average_to_that_of_the_whole(alone):
    losses_N = torch.tensor([1.0, 2.0, 4.0])
    weight = torch.ones(3, requires_grad=True)
    alone.backward((weight * losses_N).sum(), 3)
    whole, averaged = weight.grad, torch.zeros(3)
    alone.size = 2
    for share in (slice(0, 1), slice(1, 3)):
        weight = torch.ones(3, requires_grad=True)
        alone.backward((weight * losses_N)[share].sum(), 3)
        averaged += weight.grad / 2
    assert torch.allclose(averaged, whole)


def test_gpus_are_divided_evenly():
    with pytest.raises(AmelaError, match="3 GPUs cannot be divided over 2 nodes"), training_processes(3, 2):
        pass


def test_several_nodes_need_a_job(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(AmelaError, match="2 nodes, but this is no job of SLURM"), training_processes(2, 2):
        pass


def test_in_a_job_srun_takes_the_place_of_the_process(monkeypatch):
    class Replaced(BaseException):
        pass

    def execvp(name, command):
        raise Replaced(command)

    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setattr(os, "execvp", execvp)
    monkeypatch.setattr(sys, "argv", ["train.py", "--x", "a b"])
    with pytest.raises(Replaced) as replaced, training_processes(8, 2):
        pass
    command = replaced.value.args[0]
    assert {"--nodes=2", "--ntasks=8", "--ntasks-per-node=4"} <= set(command)
    assert command[-4:] == [sys.executable, "train.py", "--x", "a b"]


def test_without_cuda_the_cpu_is_named(monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with training_processes(1, 1) as processes:
        assert (processes.rank, processes.size, processes.device.type) == (0, 1, "cpu")
    assert "no GPU can be used, though 1 were asked for" in caplog.text
