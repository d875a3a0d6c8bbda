"""One row a job: its benchmark, joined with SLURM's accounting and the speech that it worked on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from amela.io.jsonl import read_jsonl
from amela.usage.accounting import Allocation
from amela.usage.benchmarks import Benchmark

Shard = Tuple[str, int]  # corpus, shard


@dataclass(frozen=True)
class Job:
    """What a job took; None is unknown, never 0. The columns of ``usage.tsv``."""

    rule: str
    corpus: Optional[str]
    name: Optional[str]
    shard: Optional[int]
    hours: Optional[float] = None  # of speech in the shard
    seconds: Optional[float] = None
    cpu_seconds: Optional[float] = None
    mean_load: Optional[float] = None  # percent of one core
    max_rss_mb: Optional[float] = None
    requested_mb: Optional[float] = None
    requested_minutes: Optional[float] = None
    elapsed_seconds: Optional[float] = None  # of the SLURM job, starting it included
    waiting_seconds: Optional[float] = None
    cpus: Optional[int] = None
    gpus: Optional[int] = None
    gpu_seconds: Optional[float] = None
    gpu_utilisation: Optional[float] = None  # 0-1
    state: Optional[str] = None
    node: Optional[str] = None
    slurm_job: Optional[str] = None
    start: Optional[float] = None  # s; only differences mean something


COLUMNS = tuple(field.name for field in fields(Job) if field.name != "start")


def join(
    benchmarks: Iterable[Benchmark], allocations: Mapping[str, Allocation], hours: Mapping[Shard, float]
) -> List[Job]:
    """Jobs in the order of the benchmarks.

    Jobs that shared one SLURM job (a group, or a whole run inside an allocation) cannot tell
    their parts of it: only its state and node are theirs.
    """
    benchmarks = list(benchmarks)
    measured = _utilisation_is_measured(allocations.values())
    tenants = Counter(benchmark.slurm_job for benchmark in benchmarks)
    jobs = []
    for benchmark in benchmarks:
        known = {key: getattr(benchmark, key) for key in _OF_BENCHMARK}
        known["hours"] = hours.get((benchmark.corpus, benchmark.shard))
        allocation = allocations.get(benchmark.slurm_job)
        if allocation and _same_node(benchmark.node, allocation.node):
            known.update(state=allocation.state, node=allocation.node or benchmark.node)
            if tenants[benchmark.slurm_job] == 1:
                known.update(_from_accounting(benchmark, allocation, measured))
        jobs.append(Job(**known))
    return jobs


_OF_BENCHMARK = [field.name for field in fields(Benchmark)]


def _same_node(logged: Optional[str], accounted: Optional[str]) -> bool:
    """False where another cluster has a job of that number; lists of nodes are not taken apart."""
    return accounted is None or "[" in accounted or logged in accounted.split(",")


def _utilisation_is_measured(allocations: Iterable[Allocation]) -> bool:
    """Where SLURM cannot read GPUs it reports zeros: believe them if any job shows something."""
    return any(allocation.gpu_utilisation or allocation.gpu_memory_mb for allocation in allocations)


def _from_accounting(benchmark: Benchmark, allocation: Allocation, measured: bool) -> Dict[str, Any]:
    seen = [value for value in (benchmark.max_rss_mb, allocation.max_rss_mb) if value is not None]
    elapsed = allocation.seconds
    return {
        "max_rss_mb": max(seen, default=None),  # both look from time to time and can miss a peak
        "requested_mb": allocation.requested_mb,
        "requested_minutes": allocation.requested_minutes,
        "elapsed_seconds": elapsed,
        "waiting_seconds": allocation.waiting,
        "cpus": allocation.cpus,
        "gpus": allocation.gpus,
        "gpu_seconds": None if elapsed is None else allocation.gpus * elapsed,
        "gpu_utilisation": allocation.gpu_utilisation if measured else None,
    }


def shard_hours(results: Path, shards: Mapping[str, int]) -> Dict[Shard, float]:
    """Hours of speech in each shard, by its manifest; a shard without one is left out."""
    hours = {}
    for corpus, count in shards.items():
        for shard in range(count):
            path = results / "corpora" / corpus / "manifest" / f"shard-{shard}.jsonl"
            if path.is_file():
                hours[corpus, shard] = sum(row["duration"] for row in read_jsonl(path)) / 3600
    return hours


def longest_recording(results: Path, corpus: str, shard: int) -> Optional[Tuple[str, float]]:
    """Id and hours of the longest recording of a shard, by its inventory."""
    path = results / "corpora" / corpus / "inventory" / f"shard-{shard}.jsonl"
    if not path.is_file():
        return None
    known = [(row["seconds"] / 3600, row["id"]) for row in read_jsonl(path) if row.get("seconds")]
    hours, name = max(known, default=(0.0, ""))
    return (name, hours) if name else None


def tsv(jobs: Iterable[Job]) -> str:
    """The table, one row a job; empty where unknown."""
    lines = ["\t".join(COLUMNS)]
    for job in jobs:
        lines.append("\t".join(_cell(getattr(job, column)) for column in COLUMNS))
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if value < 1e6 else f"{value:.0f}"
    return "" if value is None else str(value)
