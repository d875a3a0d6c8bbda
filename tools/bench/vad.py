#!/usr/bin/env python3
"""Speed of the voice activity detectors, side by side in one process.

Process CPU time (all threads), medians over rounds in which every detector takes its turn, so
that a busy machine slows all of them alike: read the ratios, not the absolute numbers.
`silero stepped` is the package's streaming model, one call a frame; `ten` is called for each
frame, as its interface wants. Then many short files through the stage vad_infer.

Needs the packages of workflow/envs/vad-silero.yaml, vad-ten.yaml and vad-webrtc.yaml in one
environment, and LLVM's libc++ for ten; a detector that is missing is left out of the table.

Example
    python tools/bench/vad.py --speech recordings/     # 16 kHz mono WAV or FLAC, any depth
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Callable, Dict, Iterable, Optional, Sequence

import numpy as np
import onnxruntime
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
import vad_infer

from amela.audio import SAMPLE_RATE
from amela.errors import AmelaError
from amela.io.jsonl import write_jsonl
from amela.vad import load_detector
from amela.vad.frames import framed
from amela.vad.silero import CONTEXT, HOP, package_folder

OURS = "silero"
EXPECTED = {"silero stepped": 2.5, "ten": 3.5}  # how many times slower than OURS they should be


class SteppedSilero:
    """The package's streaming model, one frame a call."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str(package_folder() / "data" / "silero_vad.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """(T,) float32; see ``amela.vad.Detector``."""
        rate, state = np.array(SAMPLE_RATE, np.int64), np.zeros((2, 1, 128), np.float32)
        window, answers = np.zeros((1, CONTEXT + HOP), np.float32), []
        for frames_BH in framed(blocks, HOP):
            for frame_H in frames_BH.astype(np.float32) / np.float32(32768):
                window[0, :CONTEXT] = window[0, -CONTEXT:]
                window[0, CONTEXT:] = frame_H
                answer, state = self.session.run(None, {"input": window, "state": state, "sr": rate})
                answers.append(answer[0, 0])
        return np.array(answers, np.float32)


def synthetic_speech(seconds: float) -> np.ndarray:
    """(N,) int16: a buzz that comes and goes, in noise."""
    time_N = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz_N = sum(np.sin(2 * np.pi * 120 * k * time_N) / k for k in range(1, 20)) * (time_N % 2 >= 1)
    noise_N = np.random.default_rng(0).normal(0, 1e-3, len(time_N))
    return ((0.1 * buzz_N + noise_N) * 32767).astype(np.int16)


def real_speech(folder: Path, seconds: float) -> np.ndarray:
    """(N,) int16: the folder's 16 kHz mono files one after another, again from the start if they do not suffice."""
    parts = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".wav", ".flac")):
        info = soundfile.info(path)
        if (info.samplerate, info.channels) == (SAMPLE_RATE, 1):
            parts.append(soundfile.read(path, dtype="int16")[0])
    if not parts:
        raise SystemExit(f"error: no 16 kHz mono WAV or FLAC below {folder}")
    return np.resize(np.concatenate(parts), int(seconds * SAMPLE_RATE))


def cpu_seconds(run: Callable[[], object]) -> float:
    """Process CPU time of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def detectors() -> Dict[str, object]:
    """Name → detector, for each that can run here."""
    found: Dict[str, object] = {}
    for name in (OURS, "ten", "webrtc", "energy"):
        try:
            found[name] = load_detector({"backend": name})
        except (AmelaError, ImportError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    found["silero stepped"] = SteppedSilero()
    return found


def compare(samples_N: np.ndarray, rounds: int) -> Dict[str, Dict[str, float]]:
    """Name → times real time, and how many times more CPU time than OURS."""
    found = detectors()
    for detector in found.values():
        detector.probabilities([samples_N[: 10 * SAMPLE_RATE]])  # warm up
    times = [
        {name: cpu_seconds(lambda d=detector: d.probabilities([samples_N])) for name, detector in found.items()}
        for _ in range(rounds)
    ]
    seconds = len(samples_N) / SAMPLE_RATE
    return {
        name: {
            "times_real_time": round(seconds / median(row[name] for row in times), 1),
            "cost_against_ours": round(median(row[name] / row[OURS] for row in times), 3),
        }
        for name in found
    }


def files_per_second(samples_N: np.ndarray, files: int, seconds: float, rounds: int) -> float:
    """Short files a CPU-second through the stage vad_infer (silero), loading the model included."""
    with tempfile.TemporaryDirectory() as name:
        folder, rows = Path(name), []
        length = int(seconds * SAMPLE_RATE)
        for number in range(files):
            path = folder / f"{number}.flac"
            soundfile.write(path, np.roll(samples_N, -number * length)[:length], SAMPLE_RATE)
            rows.append({"id": str(number), "audio_filepath": str(path), "duration": length / SAMPLE_RATE})
        write_jsonl(folder / "shard.jsonl", rows)
        command = ["--utterances", str(folder / "shard.jsonl"), "--detector", json.dumps({"backend": OURS})]
        command += ["--output", str(folder / "p.parquet"), "--rejected", str(folder / "rejected.jsonl")]
        return files / median(cpu_seconds(lambda: vad_infer.main(command)) for _ in range(rounds))


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, help="folder of real speech; without it, synthetic sound")
    parser.add_argument("--minutes", type=float, default=5.0, help="audio of the comparison (default: 5)")
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--files", type=int, default=500, help="number of short files (default: 500)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a short file (default: 2)")
    args = parser.parse_args(argv)
    logging.disable(logging.INFO)

    seconds = 60 * args.minutes
    samples_N = real_speech(args.speech, seconds) if args.speech else synthetic_speech(seconds)
    results = compare(samples_N, args.rounds)
    rate = files_per_second(samples_N, args.files, args.seconds, args.rounds)
    print(f"{'detector':16}{'× real time':>12}{'silero is faster by':>21}{'expected':>10}")
    for name, row in sorted(results.items(), key=lambda item: item[1]["cost_against_ours"]):
        expected = f"≥ {EXPECTED[name]}" if name in EXPECTED else ""
        print(f"{name:16}{row['times_real_time']:12.0f}{row['cost_against_ours']:20.2f}×{expected:>10}")
    print(f"vad_infer: {rate:.0f} files of {args.seconds:g} s a CPU-second")
    source = "real" if args.speech else "synthetic"
    summary = {"speech": source, "detectors": results, "files_per_cpu_second": round(rate, 1)}
    print(json.dumps(summary, sort_keys=True))


if __name__ == "__main__":
    main()
