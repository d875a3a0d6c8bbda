import pytest
import torch

from amela.device import best_device, exact_device, within_memory
from amela.errors import DeviceFull
from amela.training.device import prepare_device


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_where_there_is_one(monkeypatch, available, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert best_device() == exact_device() == prepare_device() == torch.device(device)


def test_convolutions_are_float32_and_repeatable():
    with torch.backends.cudnn.flags(deterministic=False, allow_tf32=True):
        exact_device()
        assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == (True, False)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_a_full_device_is_told_from_other_errors(error):
    def compute(_):
        raise error

    with pytest.raises(DeviceFull, match="a batch of 2 does not fit"):
        within_memory(compute, [1, 2], torch.device("cpu"))


def test_other_errors_and_results_pass():
    assert within_memory(len, [1, 2], torch.device("cpu")) == 2
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        within_memory(lambda _: torch.zeros(1, 2) @ torch.zeros(1, 2), [1], torch.device("cpu"))
