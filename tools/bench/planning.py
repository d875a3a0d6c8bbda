#!/usr/bin/env python3
"""Time of a dry run of the whole graph, for corpora of several sizes.

CPU time and peak memory of ``snakemake -n``, medians over runs. Corpora are tables of recordings
that lie nowhere: no audio is needed.

Example
    .venv/bin/python tools/bench/planning.py --runs 3
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from statistics import median

from child import measure

ROOT = Path(__file__).resolve().parents[2]
# recordings, seconds of each, shards
CORPORA = ((200, 57_600, 64), (1_000_000, 4, 64), (1_000_000, 4, 16), (1_000_000, 4, 256), (1_000_000, 4, 1_024))


def write_table(folder: Path, recordings: int, seconds: int) -> Path:
    path = folder / f"{recordings}.csv"
    if not path.exists():
        with path.open("w", encoding="utf-8") as table:
            table.write("path,duration\n")
            table.writelines(f"audio/{number:07d}.wav,{seconds}\n" for number in range(recordings))
    return path


def dry_run(folder: Path, source: Path, shards: int) -> dict:
    """CPU seconds, peak memory (MB) and jobs of one dry run in a process of its own."""
    config = json.dumps({"corpora": {"bench": {"source": str(source), "shards": shards}}})
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    said, cost = measure([*command, "--configfile", "config.yaml"], cwd=folder)
    jobs = int(re.search(r"^total\s+(\d+)$", said, re.MULTILINE).group(1))
    return {**cost, "jobs": jobs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="of each size, taking turns")
    args = parser.parse_args()
    found = {corpus: [] for corpus in CORPORA}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(args.runs):
            for recordings, seconds, shards in CORPORA:
                source = write_table(folder, recordings, seconds)
                found[recordings, seconds, shards].append(dry_run(folder, source, shards))
    rows = [
        {"recordings": corpus[0], "shards": corpus[2], **{key: median(run[key] for run in runs) for key in runs[0]}}
        for corpus, runs in found.items()
    ]
    print("| recordings | shards | jobs | CPU (s) | peak memory (MB) |\n|---:|---:|---:|---:|---:|")
    for row in rows:
        sizes = f"| {row['recordings']:,} | {row['shards']:,} | {row['jobs']:,.0f} |"
        print(f"{sizes} {row['cpu']:.1f} | {row['memory']:.0f} |")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
