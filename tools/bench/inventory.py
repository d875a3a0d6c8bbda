#!/usr/bin/env python3
"""Time and memory of the inventory of large tables, in 64 shards: up to a million recordings of 4 s, and 200 of 16 h.

The tables tell the durations, so that no audio is needed (``--unseen``). CPU time and peak memory
of the stage, medians over runs; then what a header costs that has to be read.

Example
    .venv-test/bin/python tools/bench/inventory.py --runs 3
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import wave
from pathlib import Path
from statistics import median
from typing import Dict

from child import measure

STAGE = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "inventory.py"
TABLES = ((1, 4), (200, 57_600), (100_000, 4), (1_000_000, 4))  # recordings, seconds of each
FILES = 5_000  # whose headers are read
SHARDS = 64


def write_table(path: Path, count: int, seconds: float) -> None:
    generator = random.Random(0)
    with path.open("w", encoding="utf-8") as table:
        table.write("path,speaker,duration\n")
        for number in range(count):
            folder = f"child{generator.randrange(5_000):04d}"
            duration = seconds * generator.uniform(0.9, 1.1)
            table.write(f"audio/{folder}/{number:07d}.wav,{folder},{duration:.3f}\n")


def write_audio(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        with wave.open(str(folder / f"{number}.wav"), "wb") as audio:
            audio.setparams((1, 2, 16_000, 0, "NONE", ""))
            audio.writeframes(bytes(3_200))


def inventory(source: Path, output: Path, *options: str) -> Dict[str, float]:
    """CPU seconds and peak memory (MB) of the stage in a process of its own."""
    corpus = json.dumps({"source": str(source), "include": [], "exclude": [], "shards": SHARDS})
    command = [sys.executable, str(STAGE), "--corpus", corpus, "--output", str(output), *options]
    return measure(command)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1, help="of each, taking turns")
    args = parser.parse_args()
    found = {count: [] for count in (*(count for count, _ in TABLES), FILES)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count, seconds in TABLES:
            write_table(folder / f"{count}.csv", count, seconds)
        write_audio(folder / "audio", FILES)
        for _ in range(args.runs):
            for count, _ in TABLES:
                found[count].append(inventory(folder / f"{count}.csv", folder / "out", "--unseen"))
            found[FILES].append(inventory(folder / "audio", folder / "out"))
    medians = {count: {key: median(run[key] for run in runs) for key in runs[0]} for count, runs in found.items()}
    print("| recordings | of | CPU (s) | peak memory (MB) |\n|---:|---:|---:|---:|")
    for count, seconds in TABLES[1:]:
        print(f"| {count:,} | {seconds} s | {medians[count]['cpu']:.1f} | {medians[count]['memory']:.0f} |")
    start = medians[1]["cpu"]
    print(f"start {start:.2f} s; a file whose header is read: {(medians[FILES]['cpu'] - start) / FILES * 1e6:.0f} µs")
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
