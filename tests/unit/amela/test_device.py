import pytest
import torch

from amela.device import best_device, exact_device, within_memory
from amela.errors import DeviceFull
from amela.training.device import prepare_device


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_where_there_is_one(monkeypatch, available, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "get_arch_list", list)
    assert best_device() == exact_device() == prepare_device() == torch.device(device)


@pytest.mark.parametrize(
    ("built", "capability", "device"),
    [
        (["sm_75", "sm_80", "sm_120", "compute_120"], (7, 0), "cpu"),
        (["sm_75", "sm_80", "sm_90"], (7, 5), "cuda"),
        (["sm_75", "sm_80", "sm_90"], (8, 9), "cuda"),
        (["sm_75", "sm_86"], (8, 0), "cpu"),
        (["sm_90", "sm_100"], (12, 0), "cpu"),
        (["sm_90", "compute_90"], (12, 0), "cuda"),
        (["sm_90", "sm_100a", "compute_100a"], (10, 3), "cpu"),  # "a": for that one capability
        (["sm_90", "sm_100a"], (10, 0), "cuda"),
        (["gfx90a"], (9, 0), "cuda"),
    ],
)
def test_a_gpu_that_pytorch_was_not_built_for_is_none(monkeypatch, caplog, built, capability, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: built)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla V100")
    assert best_device() == torch.device(device)
    assert ("no code for the GPU, Tesla V100" in caplog.text) == (device == "cpu")


FLAGS = ("allow_tf32", "allow_bf16_reduced_precision_reduction", "allow_fp16_reduced_precision_reduction")


@pytest.fixture
def hasty():
    """As fast and as little exact as PyTorch can be."""
    products = torch.backends.cuda.matmul
    before = [getattr(products, flag) for flag in FLAGS]
    with torch.backends.cudnn.flags(deterministic=False, allow_tf32=True):
        for flag in FLAGS:
            setattr(products, flag, True)
        yield
        for flag, value in zip(FLAGS, before):
            setattr(products, flag, value)


@pytest.mark.parametrize("prepare", [exact_device, prepare_device])
def test_sums_are_of_full_precision_and_repeatable(hasty, prepare):
    prepare()
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == (True, False)
    assert [getattr(torch.backends.cuda.matmul, flag) for flag in FLAGS] == [False, False, False]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
        RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
    ],
)
def test_a_full_device_is_told_from_other_errors(error):
    def compute(_):
        raise error

    with pytest.raises(DeviceFull, match="a batch of 2 does not fit") as full:
        within_memory(compute, [1, 2], torch.device("cpu"))
    assert str(error) in str(full.value)


def test_other_errors_and_results_pass():
    assert within_memory(len, [1, 2], torch.device("cpu")) == 2
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        within_memory(lambda _: torch.zeros(1, 2) @ torch.zeros(1, 2), [1], torch.device("cpu"))
