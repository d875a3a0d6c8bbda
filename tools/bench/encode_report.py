"""What ``encode.py`` prints for people: the table of docs/performance.md, and whether it is as expected."""

from __future__ import annotations

from statistics import median
from typing import Any, Dict, Iterator, Mapping, Tuple

import torch
from machine import bfloat16_peak, has_bfloat16

Summary = Dict[str, Dict[str, float]]  # way → its medians (``encode.Bench.summary``)

SHARE = 0.9  # of the ceiling that fp32 should reach on a CPU
LOW_GAIN, LOW_IDENTICAL = 2.3, 0.997  # bf16 on a CPU: times the original's speed; identical units
GPU_GAIN, GPU_SHARE, GPU_WAIT = 10.0, 0.4, 0.05  # times the path per file; of the bf16 peak; waiting for audio


def show(summary: Summary, about: Mapping[str, Any], device: torch.device) -> None:
    """The table and what belongs to it."""
    reference = next(iter(summary))
    clock = "real time" if device.type == "cuda" else "CPU time, one thread"
    print(f"{about['machine']}, torch {about['torch']}, {clock}; {about['minutes']:g} minutes ({about['speech']})")
    print(f"| way | × real time | beside {reference} | share of the ceiling | identical units |")
    print("|---|---:|---:|---:|---:|")
    for name, row in summary.items():
        shown = f"| {name} | {row['speed']:.1f} | {row['beside_reference']:.2f} "
        print(shown + f"| {row['share']:.0%} | {100 * row['identical']:.2f} % |")
    full = median(row["rate"] for row in summary.values()) / 1e9
    low = [row["low_rate"] / 1e9 for row in summary.values() if row["low_rate"] != row["rate"]]
    flops = median(row["flops"] / row["speed"] for row in summary.values()) / 1e9
    print(f"{flops:.2f} GFLOP a second of audio; bare products: {full:.0f} GFLOP/s in fp32", end="")
    print(f", {median(low):.0f} in bf16" if low else "")
    print(f"bfloat16 in hardware: {'yes' if has_bfloat16(device) else 'no'}")
    waits = [f"{name} {row['waited']:.1%}" for name, row in summary.items() if "waited" in row]
    print(f"share of real time that waits for audio: {'; '.join(waits)}")
    for what, met in expectations(summary, device):
        print(f"{what}: {'met' if met else 'NOT met'}")


def expectations(summary: Summary, device: torch.device) -> Iterator[Tuple[str, bool]]:
    """What should be so, with what was measured, and whether it is."""
    ours = {name: row for name, row in summary.items() if name.startswith("AMELA")}
    low = {name: row for name, row in ours.items() if not name.startswith("AMELA fp32")}
    if device.type == "cpu":
        for name, row in list(ours.items())[:1]:  # as a CPU is used unless asked otherwise
            yield f"{name} ≥ {SHARE:.0%} of the ceiling ({row['share']:.0%})", row["share"] >= SHARE
        for name, row in low.items() if has_bfloat16(device) else ():
            gain, same = row["beside_reference"], row["identical"]
            what = f"{name} ≥ {LOW_GAIN} × the original, ≥ {LOW_IDENTICAL:.1%} of its units ({gain:.2f}, {same:.2%})"
            yield what, gain >= LOW_GAIN and same >= LOW_IDENTICAL
        return
    fastest = max(low or ours, key=lambda name: ours[name]["speed"])
    row, sheet = ours[fastest], bfloat16_peak(device)
    per_file = next(row["speed"] for name, row in summary.items() if "per file" in name)
    gain = row["speed"] / per_file
    yield f"{fastest} ≥ {GPU_GAIN:g} × per file ({gain:.1f})", gain >= GPU_GAIN
    if low:
        share = row["flops"] / row["low_rate"]
        yield f"{fastest} ≥ {GPU_SHARE:.0%} of the bf16 peak as measured ({share:.0%})", share >= GPU_SHARE
    if low and sheet is not None:
        share = row["flops"] / sheet
        yield f"{fastest} ≥ {GPU_SHARE:.0%} of the bf16 peak of the data sheet ({share:.0%})", share >= GPU_SHARE
    yield f"{fastest} waits for audio < {GPU_WAIT:.0%} ({row['waited']:.1%})", row["waited"] < GPU_WAIT
