#!/usr/bin/env python3
"""Time the search for silence against pydub's, side by side, and prove that both find the same.

Makes a 16 kHz recording of speech (of a folder, or bursts of noise in its place) with pauses,
runs both searches in turn and compares medians of process CPU time. Decoding is not counted.

Example
    OMP_NUM_THREADS=1 python tools/bench/silence.py --minutes 10 --speech recordings/
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import soundfile as sf
from pydub import AudioSegment
from pydub.silence import detect_nonsilent

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
from amela.audio import SAMPLE_RATE
from amela.audio.levels import millisecond_energies
from amela.audio.segmentation import BLOCK
from amela.audio.silence import nonsilent_ranges

THRESHOLD = -40.0  # dBFS
MIN_SILENCE = 500  # ms
SEEK_STEP = 1  # ms


def phrases(folder, rng):
    """Real utterances (16 kHz mono WAV) over and over, or bursts of noise without end."""
    files = sorted(folder.rglob("*.wav")) if folder else []
    while True:
        for path in files:
            yield sf.read(path, dtype="int16")[0]
        if not files:
            yield rng.normal(0, 2_000, int(rng.uniform(0.2, 4) * SAMPLE_RATE)).astype(np.int16)


def recording(minutes, folder, rng):
    """(N,) int16: phrases with pauses of 0.3 to 3 s of faint noise."""
    parts, missing = [], round(minutes * 60 * SAMPLE_RATE)
    for phrase in phrases(folder, rng):
        pause = rng.normal(0, 10, int(rng.uniform(0.3, 3) * SAMPLE_RATE)).astype(np.int16)
        parts += [phrase, pause]
        missing -= len(phrase) + len(pause)
        if missing <= 0:
            return np.concatenate(parts)[: missing or None]


def ours(samples):
    blocks = (samples[start : start + BLOCK] for start in range(0, len(samples), BLOCK))
    return nonsilent_ranges(millisecond_energies(blocks), THRESHOLD, MIN_SILENCE, SEEK_STEP).tolist()


def pydubs(samples):
    audio = AudioSegment(data=samples.tobytes(), sample_width=2, frame_rate=SAMPLE_RATE, channels=1)
    return detect_nonsilent(audio, MIN_SILENCE, THRESHOLD, SEEK_STEP)


def timed(function, samples):
    begin = time.process_time()
    ranges = function(samples)
    return time.process_time() - begin, ranges


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the recording")
    parser.add_argument("--speech", type=Path, help="folder of 16 kHz mono WAV files")
    parser.add_argument("--runs", type=int, default=5, help="of each search")
    args = parser.parse_args()

    samples = recording(args.minutes, args.speech, np.random.default_rng(0))
    seconds = {"pydub": [], "amela": []}
    for _ in range(args.runs):
        spent, expected = timed(pydubs, samples)
        seconds["pydub"].append(spent)
        spent, found = timed(ours, samples)
        seconds["amela"].append(spent)
        if found != expected:
            sys.exit("the ranges differ")

    medians = {name: median(values) for name, values in seconds.items()}
    print(f"{len(samples) / SAMPLE_RATE / 60:.1f} minutes, {len(expected)} ranges, identical; {args.runs} runs")
    print("search      CPU s   x real time")
    for name, value in medians.items():
        print(f"{name:<8} {value:8.3f} {len(samples) / SAMPLE_RATE / value:13,.0f}")
    ratio = round(medians["pydub"] / medians["amela"], 1)
    print(json.dumps({"bench": "silence", "minutes": args.minutes, "ratio": ratio, "cpu_seconds": medians}))


if __name__ == "__main__":
    main()
