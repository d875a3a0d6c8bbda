#!/usr/bin/env python3
"""What a run cost: time, memory, GPUs and waiting of every job, and what to change.

Reads   benchmarks and logs of the configuration's jobs, manifests and inventories, and, for jobs that
        ran on SLURM, its accounting (sacct)
Writes  usage.html, a page that opens offline, and usage.tsv, one row a job (docs/formats.md)

Example
    python workflow/scripts/usage.py --results results --benchmarks benchmarks --logs logs \\
        --contents '{"rules": {"vad": "vad/(?P<corpus>demo)/shard-(?P<shard>[0-9]+).tsv"}, "shards": {"demo": 2}}' \\
        --page usage.html --table usage.tsv
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic

logger = logging.getLogger("usage")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of the run's results")
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of its benchmarks")
    parser.add_argument("--logs", type=Path, required=True, help="folder of its logs, which mirrors the benchmarks")
    parser.add_argument("--contents", type=json_object, required=True, help="rules and shards of the configuration")
    parser.add_argument("--page", type=Path, required=True, help="HTML page to write")
    parser.add_argument("--table", type=Path, required=True, help="TSV to write: one row a job")
    args = parse_stage(parser, argv)
    from amela.usage.accounting import ask_sacct
    from amela.usage.benchmarks import read_benchmarks
    from amela.usage.jobs import join, longest_recording, shard_hours, tsv
    from amela.usage.page import build_page

    shards = args.contents["shards"]
    benchmarks = read_benchmarks(args.benchmarks, args.logs, args.contents)
    submitted = {benchmark.slurm_job for benchmark in benchmarks if benchmark.slurm_job}
    allocations, problem = ask_sacct(submitted) if submitted else ({}, None)
    if problem:
        logger.warning("%s: waiting, GPUs and what was asked for stay unknown", problem)
    jobs = join(benchmarks, allocations, shard_hours(args.results, shards))
    page = build_page(jobs, shards, partial(longest_recording, args.results), problem)
    with open_atomic(args.table) as out:
        out.write(tsv(jobs))
    with open_atomic(args.page) as out:
        out.write(page)
    logger.info("%d jobs, %d of them known to SLURM -> %s", len(jobs), len(allocations), args.page)


if __name__ == "__main__":
    run_stage(main)
