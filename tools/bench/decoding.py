#!/usr/bin/env python3
"""Decoding to 16 kHz mono against pydub's, side by side; and the peak memory of a long recording.

Both decode the same MP3 files to 16 kHz mono int16 samples, taking turns in one process; CPU time
counts this process and its children (pydub calls ffmpeg), medians over runs. Then one long recording is
segmented in a process of its own, and its peak memory is read.

Needs numpy, soundfile, soxr and av; pydub and ffmpeg for the comparison.

Example
    python tools/bench/decoding.py --files 40 --hours 10
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Callable, List

import numpy as np
import soundfile
from child import measure

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
from amela.audio import SAMPLE_RATE
from amela.audio.decode import decode

MP3_RATE = 44_100  # Hz
CLIP = 10.0  # s


def noisy_speech(seconds: float, rate: int, seed: int) -> np.ndarray:
    """(N,) float32: bursts of noise with pauses, the rhythm of speech."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    rhythm = np.clip(np.sin(2 * np.pi * 0.4 * time) + 0.3, 0, 1) * (1 + np.sin(2 * np.pi * 4 * time)) / 2
    return (0.2 * rhythm * rng.standard_normal(len(time))).clip(-1, 1).astype(np.float32)


def ours(paths: List[Path]) -> int:
    total = 0
    for path in paths:
        with decode(path) as pcm:
            total += len(pcm.read(0, pcm.n_samples))
    return total


def pydubs(paths: List[Path]) -> int:
    from pydub import AudioSegment

    total = 0
    for path in paths:
        audio = AudioSegment.from_file(path).set_frame_rate(SAMPLE_RATE).set_channels(1).set_sample_width(2)
        total += len(audio.get_array_of_samples())
    return total


def cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(function: Callable[[List[Path]], int], paths: List[Path]) -> float:
    begin = cpu_seconds()
    samples = function(paths)
    expected = len(paths) * CLIP * SAMPLE_RATE
    assert abs(samples - expected) < 0.02 * expected, (samples, expected)
    return cpu_seconds() - begin


def compare(files: int, runs: int, folder: Path) -> dict:
    paths = [folder / f"{index}.mp3" for index in range(files)]
    for index, path in enumerate(paths):
        soundfile.write(path, noisy_speech(CLIP, MP3_RATE, index), MP3_RATE)
    seconds = {"amela": [], "pydub": []}
    for _ in range(runs):
        seconds["amela"].append(timed(ours, paths))
        seconds["pydub"].append(timed(pydubs, paths))
    found = {name: median(values) for name, values in seconds.items()}
    return {"files": files, **found, "ratio": found["pydub"] / found["amela"]}


def peak_memory(hours: float, method: str, folder: Path) -> float:
    """Peak resident memory (MB) of the stage ``segment`` on one long recording."""
    path = folder / "long.flac"
    if not path.exists():
        with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as out:
            for index in range(round(hours * 60)):
                out.write(noisy_speech(60, SAMPLE_RATE, index))
    row = {"id": "long", "path": str(path), "bytes": path.stat().st_size, "seconds": hours * 3600}
    (folder / "recordings.jsonl").write_text(json.dumps(row) + "\n")
    segmentation = {
        "method": method, "keep_below": 30.0, "threshold": -40.0, "min_silence": 0.5, "seek_step": 1, "padding": 0.1,
        "min_duration": 2.0, "max_duration": 30.0, "max_gap": 1.0, "audio": "packs",
        "vad": {"backend": "silero", "onset": 0.2, "offset": 0.1, "min_on": 0.25, "min_off": 0.5, "padding": 0.1},
    }  # fmt: skip
    shutil.rmtree(folder / "audio", ignore_errors=True)
    command = [sys.executable, str(SCRIPTS / "segment.py"), "--recordings", str(folder / "recordings.jsonl")]
    command += ["--segmentation", json.dumps(segmentation), "--audio", str(folder / "audio")]
    command += ["--output", str(folder / "out.jsonl"), "--rejected", str(folder / "rejected.jsonl")]
    return measure(command, env={**os.environ, "OMP_NUM_THREADS": "1"})[1]["memory"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=40, help=f"MP3 files of {CLIP:.0f} s")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--hours", type=float, default=10.0, help="length of the long recording")
    args = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.which("ffmpeg"):
            found["decode"] = compare(args.files, args.runs, folder)
            print("| files | amela (CPU s) | pydub (CPU s) | ratio |\n|---:|---:|---:|---:|")
            print("| {files} | {amela:.2f} | {pydub:.2f} | {ratio:.1f} |".format(**found["decode"]))
        else:
            print("no ffmpeg on PATH: pydub cannot decode, the comparison is left out")
        print(f"| method | peak memory on {args.hours:g} h (MB) |\n|---|---:|")
        for method in ("silence", "adaptive", "vad"):
            found[method] = peak_memory(args.hours, method, folder)
            print(f"| {method} | {found[method]:.0f} |")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
