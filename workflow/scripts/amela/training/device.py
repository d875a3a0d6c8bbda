"""What models are trained and scored on."""

from __future__ import annotations

import os
from typing import Dict

import torch

from amela.device import exact_device


def prepare_device() -> torch.device:
    """CUDA where there is one, else one thread of the CPU; deterministic kernels only."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms(True) would import the compiler, 2 s
    return exact_device()


def generator_states(device: torch.device) -> Dict[str, torch.Tensor]:
    """States of the generators that dropout on ``device`` draws from."""
    states = {"cpu": torch.get_rng_state()}
    return {**states, "cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else states


def set_generator_states(states: Dict[str, torch.Tensor], device: torch.device) -> None:
    """Put them back."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
