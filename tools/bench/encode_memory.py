#!/usr/bin/env python3
"""Peak memory of the stage kmeans_assign with a model of base size, in a process of its own.

On a long recording of one length and another, which is encoded in stretches: the peak must not
grow with it. Then on a corpus of clips and one of four times as many, in batches of padded
seconds: the peak must follow the batch, not the corpus. Weights and codebook are random.

Needs the packages of workflow/envs/encode-transformers.yaml, and a Python with fairseq for its
own checkpoint; without that the model is one of transformers.

Example
    .venv-test/bin/python tools/bench/encode_memory.py --hours 0.1 10     # two hours of CPU
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Dict, List

import numpy as np
import soundfile
from base_model import DIMENSION, HOP, ROOT, BaseModel, make_base_model
from child import measure
from speech_clips import make_clips, synthetic_speech

from amela.audio import SAMPLE_RATE
from amela.checkpoints.receipt import Facts, receipt_content, write_receipt
from amela.io.manifest import Utterance, write_manifest
from amela.provenance import file_sha256
from amela.units.codebook import make_codebook, write_codebook
from amela.units.features import encoder_fingerprint

STAGE = ROOT / "workflow" / "scripts" / "kmeans_assign.py"
FAIRSEQ = ROOT / ".venv-fairseq" / "bin" / "python"
UNITS = 500
LIMIT = 1_500  # MB that a recording of any length may take on a CPU
MINUTES = 2.0  # of the smaller corpus


class Stage:
    """kmeans_assign, ready to run."""

    def __init__(self, model: BaseModel, folder: Path) -> None:
        self._folder, spec, files = folder, model.spec, model.receipt.files
        digests = {name: file_sha256(path) for name, path in files.items()}
        write_receipt(folder / "checkpoint.json", receipt_content("random", files, digests, Facts()))
        centroids_KD = np.random.default_rng(0).standard_normal((UNITS, DIMENSION)).astype(np.float32)
        made_by = encoder_fingerprint(spec, HOP, DIMENSION, model.receipt)
        write_codebook(folder / "codebook.parquet", make_codebook(centroids_KD, np.ones(UNITS, np.int64), made_by))
        self._command = [sys.executable, str(STAGE), "--encoder", json.dumps(spec)]
        self._command += ["--checkpoint", str(folder / "checkpoint.json")]
        self._command += ["--codebook", str(folder / "codebook.parquet"), "--rejected", str(folder / "rejected.jsonl")]

    def peak(self, utterances: List[Utterance], batch_seconds: float = 0.0) -> Dict[str, float]:
        """CPU seconds and peak memory (MB); the benchmark ends where an utterance is rejected."""
        write_manifest(self._folder / "manifest.jsonl", utterances)
        command = [*self._command, "--manifest", str(self._folder / "manifest.jsonl")]
        command += ["--output", str(self._folder / "units.parquet"), "--batch-seconds", str(batch_seconds)]
        said, cost = measure(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
        if (self._folder / "rejected.jsonl").stat().st_size:
            sys.exit(said)
        return cost


def recording(folder: Path, hours: float) -> Utterance:
    """A recording of so many hours: the same ten minutes again and again."""
    samples_N = synthetic_speech(600 * SAMPLE_RATE)
    path, left = folder / "long.flac", round(hours * 3600 * SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as out:
        while left:
            out.write(samples_N[:left])
            left -= min(left, len(samples_N))
    return Utterance(f"{hours:g} h", str(path), hours * 3600)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, nargs="+", default=[0.05, 0.2], help="recordings (default: 0.05 0.2)")
    parser.add_argument("--batch-seconds", type=float, nargs="*", default=[60.0, 240.0], help="default: 60 240")
    parser.add_argument("--fairseq", type=Path, default=FAIRSEQ, help=f"its Python (default: {FAIRSEQ})")
    args = parser.parse_args()
    found: Dict[str, Dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = [clip for part in make_clips(folder, None, 4 * 60 * MINUTES, 4) for clip in part]
        model = make_base_model(folder, args.fairseq if args.fairseq.exists() else None, clips[0].audio_path)
        stage = Stage(model, folder)
        for hours in args.hours:
            found[f"a recording of {hours:g} h"] = stage.peak([recording(folder, hours)])
        for seconds in args.batch_seconds:
            for count in (len(clips) // 4, len(clips)):
                minutes = sum(clip.duration for clip in clips[:count]) / 60
                label = f"batches of {seconds:g} s, {count} clips, {minutes:.1f} min"
                found[label] = stage.peak(clips[:count], seconds)
    print("| kmeans_assign on | CPU (s) | peak memory (MB) |\n|---|---:|---:|")
    for label, cost in found.items():
        print(f"| {label} | {cost['cpu']:.0f} | {cost['memory']:.0f} |")
    longest = max(cost["memory"] for label, cost in found.items() if label.startswith("a recording"))
    print(f"a long recording may take {LIMIT} MB: {'met' if longest <= LIMIT else 'NOT met'}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
