#!/usr/bin/env python3
"""Recognisers: what batches waste, what the loop of the stage asr gains, how fast and large the real models are.

- batches: padding and number of batches of durations drawn from a log-normal distribution, in file
  order, sorted, and as the stage makes them. No model.
- loop: the stage's loop with a tiny model of canary-qwen's kind beside fixed batches in file order,
  on clips of such durations, in one run: speed, whether the texts are the same, how long the model
  waits for audio. Its weights are random; it generates as many tokens as speech has.
- real: canary-qwen and parakeet in their real size, random weights, in bfloat16 on a GPU: real-time
  factor and peak memory by the budget of padded seconds. With --device cpu on a few clips.

Needs the packages of workflow/envs/asr-nemo.yaml in one environment.

Example
    .venv-test/bin/python tools/bench/asr.py --speech recordings/   # 16 kHz mono WAV or FLAC, any depth
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import torch
from asr_batches import cost, durations, file_order, sorted_order
from asr_loop import FIXED, Published, compare, in_stream, make_clips, reading
from asr_models import save_canary, tiny_canary
from asr_pace import TOKENS_A_SECOND, pace_generation
from child import measure
from machine import describe

from amela.asr import load_recogniser
from amela.asr.stream import longest_first
from amela.device import best_device
from amela.io.manifest import Utterance

PARTS = ("batches", "loop", "real")
RECOGNISERS = ("canary-qwen", "parakeet")
PUBLISHED = {"canary-qwen": 418, "parakeet": 3386}  # × real time on an A100, open ASR leaderboard
BUDGETS = (160.0, 320.0, 640.0)  # padded seconds, of GPUs with less than 35, less than 70 and more GB
GAIN, WAITING = 3.0, 0.05  # times the speed of fixed batches in file order; share of the time waiting for audio

Rows = Dict[str, Dict[str, Any]]


def bench_batches(n: int) -> Rows:
    """Ways to make batches of ``n`` utterances."""
    seconds = durations(n).tolist()
    ways = {FIXED: file_order(seconds), "16 a batch, sorted": sorted_order(seconds)}
    ways.update({f"AMELA, {budget:g} padded seconds": longest_first(seconds, budget) for budget in BUDGETS})
    print(f"\n{n} durations, {sum(seconds) / 3600:.1f} h")
    print("| way | batches | padding | the longest of each, added up (s) | utterances of the largest |")
    print("|---|---:|---:|---:|---:|")
    found = {name: cost(batches, seconds) for name, batches in ways.items()}
    for name, row in found.items():
        print(f"| {name} | {row['batches']} | {row['padding']:.1%} | {row['longest']:.0f} | {row['largest']} |")
    return found


def bench_loop(clips: List[Utterance], budgets: Sequence[float], rounds: int) -> Rows:
    """The tiny model in the stage's loop beside fixed batches."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        receipt = save_canary(tiny_canary(Path(name)), Path(name))
        recogniser = load_recogniser({"backend": "canary-qwen"}, receipt)
    pace_generation(recogniser._salm)
    found = compare(recogniser, clips, budgets, rounds)
    print(f"\n{len(clips)} clips, median of {rounds} round(s)")
    print(f"| way | padding | × real time | tokens/s | beside {FIXED} | the same texts | waiting for audio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, row in found.items():
        waited = "" if row["waited"] is None else f"{row['waited']:.1%}"
        shown = f"| {name} | {row['padding']:.0%} | {row['speed']:.0f} | {row['speed'] * TOKENS_A_SECOND:.0f} "
        print(shown + f"| {row['beside_fixed']:.2f} | {row['identical']:.1%} | {waited} |")
    for what, met in expectations(found):
        print(f"{what}: {'met' if met else 'NOT met'}")
    return found


def bench_reading(clips: List[Utterance]) -> Dict[str, float]:
    """Whether the cores of this machine read audio fast enough for a GPU at the published speeds."""
    read = reading(clips)
    print(f"\na core reads audio at {read:.0f} × real time")
    waits = {}
    for name, speed in PUBLISHED.items():
        waits[name] = in_stream(Published(speed), clips, BUDGETS[-1]).waited
        print(f"these cores would let a GPU with {name} at {speed:,} × real time wait {waits[name]:.1%} of the time")
    return {"a_core": read, **waits}


def expectations(found: Rows) -> Iterator[Tuple[str, bool]]:
    """What should be so, with what was measured, and whether it is."""
    for name, row in found.items():
        if name != FIXED:
            yield f"{name} ≥ {GAIN:g} × fixed batches ({row['beside_fixed']:.2f})", row["beside_fixed"] >= GAIN
            yield f"{name} waits for audio < {WAITING:.0%} ({row['waited']:.1%})", row["waited"] < WAITING
            yield f"{name} gives the same texts ({row['identical']:.1%})", row["identical"] == 1


def bench_real(arguments: Sequence[str], names: Sequence[str], device: str) -> Rows:
    """Each recogniser in a process of its own."""
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
    found: Rows = {}
    for name in names:
        command = [sys.executable, str(Path(__file__).with_name("asr_real.py")), name, *arguments]
        said, _ = measure(command, env={**os.environ, **hidden})
        found[name] = json.loads(said.splitlines()[-1])
        about = found[name]
        print(f"\n{name}: {about['parameters'] / 1e9:.2f} B parameters, {about['dtype']}", end="")
        print(f", {about['clips']} clips of {about['audio']:.0f} s together; loaded in {about['loading']:.0f} s")
        print(f"| padded seconds | × real time (published, A100: {PUBLISHED[name]:,}) ", end="")
        print("| peak memory (GB) | waiting for audio |\n|---:|---:|---:|---:|")
        for row in about["rows"]:
            speed = f"{row['speed']:.3g}"
            print(f"| {row['budget']:g} | {speed} | {row['memory']:.1f} | {row['waited']:.1%} |")
    return found


def parse(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="default: all; real where there is a GPU")
    parser.add_argument("--speech", type=Path, help="folder of real speech; without it, synthetic sound")
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), help="of the real models (default: cuda where there is one)"
    )
    parser.add_argument("--utterances", type=int, default=20_000, help="of batches (default: 20000)")
    parser.add_argument("--clips", type=int, default=1000, help="of the loop (default: 1000)")
    parser.add_argument("--rounds", type=int, default=1, help="of the loop (default: 1, some minutes)")
    parser.add_argument(
        "--budgets", type=float, nargs="+", help="padded seconds a batch (default: 160 320 640; real on a CPU: 60)"
    )
    parser.add_argument("--real-clips", type=int, help="of the real models (default: 1000; on a CPU 4)")
    parser.add_argument("--recognisers", nargs="+", choices=RECOGNISERS, default=RECOGNISERS, help="of real")
    parser.add_argument("--precision", default="auto", help="of the real models: auto, fp32 or bf16 (default: auto)")
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse(argv)
    device = args.device or ("cuda" if torch.cuda.is_available() else None)
    parts = args.parts or (PARTS if device else PARTS[:2])
    about = {**describe(best_device()), "speech": "real" if args.speech else "synthetic"}
    print(f"{about['machine']}, torch {about['torch']}")
    found: Dict[str, Any] = {"about": about}
    if "batches" in parts:
        found["batches"] = bench_batches(args.utterances)
    if "loop" in parts:
        with tempfile.TemporaryDirectory() as name:
            clips = make_clips(Path(name), args.speech, args.clips)
            found["loop"] = bench_loop(clips, args.budgets or BUDGETS, args.rounds)
            found["reading"] = bench_reading(clips)
    if "real" in parts:
        found["real"] = bench_real(real_arguments(args, device or "cpu"), args.recognisers, device or "cpu")
    else:
        print("\nThe real size has not been measured: no GPU here (--device cpu: on the CPU, a few clips)")
    print(json.dumps(found, sort_keys=True))


def real_arguments(args: argparse.Namespace, device: str) -> List[str]:
    """For ``asr_real.py``."""
    budgets = args.budgets or (BUDGETS if device == "cuda" else (60.0,))
    n_clips = args.real_clips or (1000 if device == "cuda" else 4)
    options = ["--clips", str(n_clips), "--precision", args.precision, "--budgets", *map(str, budgets)]
    return [*options, "--speech", str(args.speech)] if args.speech else options


if __name__ == "__main__":
    main()
