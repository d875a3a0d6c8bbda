#!/usr/bin/env python3
"""Time of a dry run of the whole graph for corpora of 16, 256 and 1,024 shards.

CPU time and peak memory of ``snakemake -n``, medians over runs; no audio is needed.

Example
    .venv/bin/python tools/bench/planning.py --runs 3
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
SHARDS = (16, 256, 1_024)


def dry_run(folder: Path, shards: int) -> dict:
    """CPU seconds, peak memory (MB) and jobs of one dry run in a process of its own."""
    config = json.dumps({"corpora": {"bench": {"source": str(folder), "shards": shards}}})
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    process = subprocess.Popen(
        [*command, "--configfile", "config.yaml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(said)
    jobs = int(re.search(r"^total\s+(\d+)$", said, re.MULTILINE).group(1))
    return {"cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024, "jobs": jobs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="of each size, taking turns")
    args = parser.parse_args()
    found = {shards: [] for shards in SHARDS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.runs):
            for shards in SHARDS:
                found[shards].append(dry_run(Path(folder), shards))
    rows = [{"shards": s, **{key: median(run[key] for run in runs) for key in runs[0]}} for s, runs in found.items()]
    print("| shards | jobs | CPU (s) | peak memory (MB) |\n|---:|---:|---:|---:|")
    for row in rows:
        print(f"| {row['shards']:,} | {row['jobs']:,.0f} | {row['cpu']:.1f} | {row['memory']:.0f} |")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
