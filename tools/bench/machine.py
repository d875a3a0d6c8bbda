"""What the machine is that something was measured on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Optional, Set

import torch

BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # of a CPU; oneDNN computes it without them too, slowly
# TFLOP/s of dense bfloat16 products by their data sheets; the first name that fits counts.
DATA_SHEETS = {"H100 PCIe": 756, "H100": 989, "H200": 989, "A100": 312, "L40S": 362}


def cpu_flags() -> Set[str]:
    """What the processor can do, as Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return {flag for line in lines if line.startswith("flags") for flag in line.partition(":")[2].split()}


def has_bfloat16(device: torch.device) -> bool:
    """Whether products in bfloat16 have instructions of their own."""
    return torch.cuda.is_bf16_supported() if device.type == "cuda" else bool(BFLOAT16 & cpu_flags())


def bfloat16_peak(device: torch.device) -> Optional[float]:
    """FLOP/s of a GPU by its data sheet; None for those that are not listed and for CPUs."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((1e12 * peak for known, peak in DATA_SHEETS.items() if known in name), None)


def describe(device: torch.device) -> Dict[str, object]:
    """The machine, in words."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    machine = f"{cpu}, {len(os.sched_getaffinity(0))} cores"
    if device.type == "cuda":
        machine += f", {torch.cuda.get_device_name(device)}"
    return {
        "machine": machine, "torch": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability(),
        "bfloat16_instructions": sorted(BFLOAT16 & cpu_flags()),
        "bfloat16_by_onednn": bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()),
        "bfloat16_data_sheet": bfloat16_peak(device),
    }  # fmt: skip
