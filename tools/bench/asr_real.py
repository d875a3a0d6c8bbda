"""A recogniser of the real size, random weights, through the loop of the stage asr: speed and peak memory.

In a process of its own for each recogniser; ``asr.py`` calls it.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import torch
from asr_loop import in_stream, make_clips, texts, timed
from asr_models import save_real
from asr_pace import pace_generation

from amela.asr import Recogniser, load_recogniser
from amela.asr.nemo import dtype_of
from amela.device import best_device
from amela.io.manifest import Utterance

WARM = 8  # clips


def peak_memory(device: torch.device) -> float:
    """GB: what PyTorch held of a GPU since the last reset; on a CPU, of this process since it began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def measure(recogniser: Any, clips: Sequence[Utterance], budgets: Sequence[float]) -> Iterator[Dict[str, float]]:
    """One row for each budget of padded seconds."""
    device = best_device()
    in_stream(recogniser, warm_up(clips, device), 1.0)
    for budget in budgets:
        start_afresh(recogniser, device)
        turn = timed(partial(in_stream, recogniser, clips, budget))
        texts(turn.outcomes)
        speed = sum(clip.duration for clip in clips) / turn.wall
        yield {"budget": budget, "speed": speed, "memory": peak_memory(device), "waited": turn.waited}


def start_afresh(recogniser: Any, device: torch.device) -> None:
    """Let no budget use, or hold in memory, what an earlier one has made: graphs of parakeet's decoder."""
    if hasattr(recogniser, "forget_batches"):
        recogniser.forget_batches()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def warm_up(clips: Sequence[Utterance], device: torch.device) -> Sequence[Utterance]:
    """Clips of all lengths, before anything is timed: kernels are chosen; on a CPU the shortest alone."""
    by_length = sorted(clips, key=lambda clip: clip.duration)
    return by_length[:: max(1, len(clips) // WARM)] if device.type == "cuda" else by_length[:1]


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="of the recogniser's backend")
    parser.add_argument("--speech", type=Path, help="folder of real speech; without it, synthetic sound")
    parser.add_argument("--clips", type=int, required=True)
    parser.add_argument("--budgets", type=float, nargs="+", required=True, help="padded seconds a batch")
    parser.add_argument("--precision", default="auto", help="auto, fp32 or bf16 (default: auto)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        clips = make_clips(Path(name), args.speech, args.clips)
        recogniser, about = load(args.name, args.precision, Path(name) / "model")
        about.update(clips=len(clips), audio=sum(clip.duration for clip in clips))
        print(json.dumps({**about, "rows": list(measure(recogniser, clips, args.budgets))}))


def load(name: str, precision: str, folder: Path) -> Tuple[Recogniser, Dict[str, Any]]:
    """A recogniser with random weights, whose files are gone then, and facts about it."""
    receipt, n_parameters = save_real(name, folder)
    start = time.perf_counter()
    recogniser = load_recogniser({"backend": name, "precision": precision}, receipt)
    loading = time.perf_counter() - start
    shutil.rmtree(folder)
    if name == "canary-qwen":
        pace_generation(recogniser._salm)
    dtype = str(dtype_of(precision, best_device())).replace("torch.", "")
    return recogniser, {"parameters": n_parameters, "dtype": dtype, "loading": loading}


if __name__ == "__main__":
    main()
