#!/usr/bin/env python3
"""Speech to units through a model of base size, AMELA's way beside others, in one run.

Every way takes its turn on the same WAV files, part after part of the material; each part has the
lengths of read speech. On a CPU process CPU time counts, all with one thread; on a GPU real time.
Before and after each turn the bare matrix products of the model's blocks are timed: what the model's
products would take at that rate, all others left out, is the ceiling. Medians over the parts; on a
busy machine read ratios and shares, not absolute numbers.

The original way (textlesslib's reader, or the same calls of fairseq) runs in a process of an
environment of its own, with the torch that it has. The weights are random, made by fairseq's
classes where there are any; the codebook is fitted on features of the first part.

Needs the packages of workflow/envs/encode-transformers.yaml and kmeans.yaml in one environment.

Example
    .venv-test/bin/python tools/bench/encode.py --speech recordings/   # 16 kHz mono WAV or FLAC, any depth
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Dict, List, Optional, Sequence

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import numpy as np
import torch
from base_model import DIMENSION, HOP, LAYER, BaseModel, make_base_model
from encode_report import show
from encode_variants import Amela, Cost, Variant, amela_variants, originals, transformers_variants
from machine import describe
from matrix_products import Ceiling, by_part
from speech_clips import make_clips
from transformers import HubertConfig

from amela.audio import SAMPLE_RATE
from amela.audio.load import load_utterance
from amela.device import best_device
from amela.encoders import load_encoder
from amela.io.manifest import Utterance
from amela.units.assignment import TensorAssigner
from amela.units.codebook import Codebook, make_codebook
from amela.units.features import encoder_fingerprint
from amela.units.kmeans import fit_centroids

FAIRSEQ = ROOT / ".venv-fairseq" / "bin" / "python"
LOW = ("blocks", "attention")  # parts of the model whose products are in low precision, if any
BRACKET = 0.25  # s that the bare products are timed before and after each turn
ROWS = {"cpu": 550, "cuda": 30_000}  # frames of the bare products: of a clip, of a batch


def fit_codebook(model: BaseModel, clips: List[Utterance], k: int) -> Codebook:
    """A codebook of the model's features."""
    encoder = load_encoder(model.spec, model.receipt)
    frames_ND = np.concatenate([encoder.encode([load_utterance(clip)])[0].cpu().numpy() for clip in clips])
    k = min(k, len(frames_ND) // 4)
    centroids_KD, _ = fit_centroids(frames_ND, k, batch=4_096, max_epochs=5, seed=0)
    made_by = encoder_fingerprint(model.spec, HOP, DIMENSION, model.receipt)
    return make_codebook(centroids_KD, np.ones(len(centroids_KD), np.int64), made_by)


class Bench:
    """Turns of all variants."""

    def __init__(self, variants: Sequence[Variant]) -> None:
        self.variants, self.config, self.device = variants, HubertConfig(), best_device()
        rows = ROWS[self.device.type]
        self._full = Ceiling(self.config, rows, torch.float32, self.device)
        self._half = Ceiling(self.config, rows, torch.bfloat16, self.device)
        self.turns: Dict[str, List[Dict[str, float]]] = {variant.name: [] for variant in variants}
        self.units: Dict[str, List[np.ndarray]] = {variant.name: [] for variant in variants}

    def run(self, number: int, clips: List[Utterance]) -> None:
        """One part, through every variant; who begins changes from part to part."""
        lengths = [round(clip.duration * SAMPLE_RATE) for clip in clips]
        flops = by_part(self.config, LAYER, lengths)
        first = number % len(self.variants)
        for variant in [*self.variants[first:], *self.variants[:first]]:
            before = self._rates(variant)
            cost, units = variant.encode(clips)
            rates = [(one + other) / 2 for one, other in zip(before, self._rates(variant))]
            self.turns[variant.name].append(self._turn(cost, sum(lengths) / SAMPLE_RATE, flops, rates))
            self.units[variant.name] += units
            print(f"part {number + 1}: {variant.name}: {self.turns[variant.name][-1]['speed']:.2f}", file=sys.stderr)

    def _rates(self, variant: Variant) -> List[float]:
        """Operations a second in fp32, and in the precision of the variant's blocks."""
        full = self._full.rate(BRACKET)
        return [full, self._half.rate(BRACKET) if variant.low_precision else full]

    def _turn(self, cost: Cost, audio: float, flops: Dict[str, int], rates: List[float]) -> Dict[str, float]:
        seconds = cost.wall if self.device.type == "cuda" else cost.cpu
        low, total = sum(flops[part] for part in LOW), sum(flops.values())
        turn = {
            "seconds": seconds, "speed": audio / seconds, "flops": total / seconds,
            "rate": rates[0], "low_rate": rates[1],
            "share": ((total - low) / rates[0] + low / rates[1]) / seconds,
        }  # fmt: skip
        return turn if cost.waited is None else {**turn, "waited": cost.waited / cost.wall}

    def summary(self, reference: str) -> Dict[str, Dict[str, float]]:
        """Medians by variant, and its units beside the reference's."""
        told: Dict[str, Dict[str, float]] = {}
        expected = np.concatenate(self.units[reference])
        for name, turns in self.turns.items():
            told[name] = {key: median(turn[key] for turn in turns) for key in turns[0]}
            ratios = [other["seconds"] / turn["seconds"] for turn, other in zip(turns, self.turns[reference])]
            told[name]["beside_reference"] = median(ratios)
            told[name]["identical"] = float(np.mean(np.concatenate(self.units[name]) == expected))
        return told


def main(argv: Optional[Sequence[str]] = None) -> None:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, help="folder of real speech; without it, synthetic sound")
    minutes = 120.0 if on_gpu else 10.0
    parser.add_argument("--minutes", type=float, default=minutes, help=f"all parts together (default: {minutes:g})")
    parser.add_argument("--parts", type=int, default=3, help="of the material, a turn each (default: 3)")
    parser.add_argument("--units", type=int, default=500, help="of the codebook (default: 500)")
    parser.add_argument("--fairseq", type=Path, default=FAIRSEQ, help=f"its Python (default: {FAIRSEQ})")
    parser.add_argument(
        "--textless", type=Path, nargs="*", default=[], help="Pythons with textlesslib, in place of fairseq's own calls"
    )
    budgets = [0.0, 40.0, 150.0, 600.0] if on_gpu else [0.0, 60.0]
    parser.add_argument("--batch-seconds", type=float, nargs="+", default=budgets, help=f"default: {budgets}")
    precisions = ["fp32", "bf16", "fp16"] if on_gpu else ["fp32", "bf16"]
    parser.add_argument("--precisions", nargs="+", default=precisions, help=f"default: {precisions}")
    args = parser.parse_args(argv)

    torch.set_num_threads(1)
    fairseq = args.fairseq if args.fairseq.exists() else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = make_clips(folder, args.speech, 60 * args.minutes, args.parts)
        model = make_base_model(folder, fairseq, min(parts[0], key=lambda clip: clip.duration).audio_path)
        codebook = fit_codebook(model, parts[0], args.units)
        pythons = (args.textless or [fairseq]) if fairseq else []  # they read fairseq's checkpoint alone
        theirs = originals(pythons, model, codebook.centroids_KD, folder)
        assign = TensorAssigner(torch.from_numpy(codebook.centroids_KD).to(best_device()))
        others = transformers_variants(model, assign)
        ours = amela_variants(model, codebook, args.precisions, args.batch_seconds)
        bench = Bench([*theirs, *others, *ours])
        warm_up(bench.variants, parts[0])
        for number, clips in enumerate(parts):
            bench.run(number, clips)
        for original in theirs:
            original.close()
    summary = bench.summary((theirs or others)[0].name)
    about = {
        "model": f"{model.made_by}, layer {LAYER}", "units": codebook.k,
        "speech": "real" if args.speech else "synthetic",
        "minutes": args.minutes, "parts": args.parts, **describe(bench.device),
    }  # fmt: skip
    show(summary, about, bench.device)
    flops = by_part(bench.config, LAYER, [10 * SAMPLE_RATE])
    about["gflop_per_second_of_audio"] = {part: value / 10e9 for part, value in flops.items()}  # in clips of 10 s
    print(json.dumps({"about": about, "ways": summary}, sort_keys=True))


def warm_up(variants: Sequence[Variant], clips: List[Utterance]) -> None:
    """What happens once: memory, kernels that are chosen, compiling; clips of all lengths, few of them."""
    by_length = sorted(clips, key=lambda clip: clip.duration)
    for variant in variants:
        variant.encode(by_length[:: max(1, len(clips) // 3)] if isinstance(variant, Amela) else by_length[:2])


if __name__ == "__main__":
    main()
