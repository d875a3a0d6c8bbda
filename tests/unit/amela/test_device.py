import pytest
import torch

from amela.device import best_device
from amela.training.device import prepare_device


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_where_there_is_one(monkeypatch, available, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert best_device() == prepare_device() == torch.device(device)
