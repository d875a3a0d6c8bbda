"""Where tensors are computed on, and what happens when there is no room for them."""

from __future__ import annotations

from typing import Any, Callable, Sequence, TypeVar

import torch

from amela.errors import DeviceFull

# in errors of the driver, and of libraries that have memory of their own
FULL = (
    "CUDA error: out of memory",
    "CUFFT_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
T = TypeVar("T")


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def exact_device() -> torch.device:
    """The best device, with convolutions that are float32 where they say so, and the same every time."""
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False  # on by default: 10 bits, features 1e-3 from those of a CPU
    return best_device()


def within_memory(compute: Callable[[Sequence[Any]], T], batch: Sequence[Any], device: torch.device) -> T:
    """``compute(batch)``. Raises DeviceFull, with the memory free again, where the device has no room for it."""
    try:
        return compute(batch)
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and not any(word in str(error) for word in FULL):
            raise
    # raised here, where nothing holds the tensors of the failed batch any longer
    torch.cuda.empty_cache()
    raise DeviceFull(f"a batch of {len(batch)} does not fit into the memory of {device}")
