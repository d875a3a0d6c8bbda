"""Where tensors are computed on, and what happens when there is no room for them."""

from __future__ import annotations

import logging
import re
from typing import Any, Callable, Sequence, TypeVar

import torch

from amela.errors import DeviceFull

# in errors of the driver, and of libraries that have memory of their own
FULL = (
    "CUDA error: out of memory",
    "CUFFT_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "unable to find an engine to execute",  # of cuDNN, which has tried them all, each without enough memory
    "Unable to find a valid cuDNN algorithm",
)
SAME = ("sm", "smf", "computef")  # forms of code that later GPUs of the same generation run too
T = TypeVar("T")

logger = logging.getLogger("device")


def best_device() -> torch.device:
    """CUDA where there is a GPU that this PyTorch has code for, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if _has_code():
        return torch.device("cuda")
    logger.warning("this PyTorch has no code for the GPU, %s: the CPU computes", torch.cuda.get_device_name())
    return torch.device("cpu")


def _has_code() -> bool:
    """Whether PyTorch was built for the GPU: for an older one of its generation, or in the form for all later ones."""
    built = [re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", name) for name in torch.cuda.get_arch_list()]
    kinds = [(each[1] + each[4], (int(each[2]), int(each[3]))) for each in built if each]
    if not kinds:  # GPUs of other makers
        return True
    ours = torch.cuda.get_device_capability()
    return any(
        # "a": for that capability alone
        capability == ours or (capability < ours and (kind == "compute" or (kind in SAME and capability[0] == ours[0])))
        for kind, capability in kinds
    )


def exact_device() -> torch.device:
    """The best device, with sums of the precision that their values have, and the same every time."""
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False  # on by default: 10 bits, features 1e-3 from those of a CPU
    products = torch.backends.cuda.matmul
    products.allow_tf32 = False
    products.allow_bf16_reduced_precision_reduction = products.allow_fp16_reduced_precision_reduction = False
    return best_device()


def within_memory(compute: Callable[[Sequence[Any]], T], batch: Sequence[Any], device: torch.device) -> T:
    """``compute(batch)``. Raises DeviceFull, with the memory free again, where the device has no room for it."""
    try:
        return compute(batch)
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and not any(word in str(error) for word in FULL):
            raise
        why = str(error).split("\n")[0]
    # raised here, where nothing holds the tensors of the failed batch any longer
    torch.cuda.empty_cache()
    raise DeviceFull(f"a batch of {len(batch)} does not fit into the memory of {device} ({why})")
