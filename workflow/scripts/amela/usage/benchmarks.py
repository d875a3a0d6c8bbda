"""Snakemake's benchmark of every job of the configuration, and what its log says of where it ran.

Logs mirror benchmarks: ``logs/X.log`` and ``benchmarks/X.tsv`` are of one job.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

HEAD = 4096  # bytes of a log in which a stage says where it runs
STAMP = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} ", re.MULTILINE)
SLURM_JOB = re.compile(r"\bslurm job (\d+) on (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Benchmark:
    """One job, as Snakemake measured it; None is unknown.

    ``mean_load`` is in percent of one core; ``start`` in seconds, of the machine's own clock.
    """

    rule: str
    corpus: Optional[str]
    name: Optional[str]  # the other things that the job is about, joined by slashes
    shard: Optional[int]
    seconds: Optional[float] = None
    cpu_seconds: Optional[float] = None
    mean_load: Optional[float] = None
    max_rss_mb: Optional[float] = None
    start: Optional[float] = None
    slurm_job: Optional[str] = None
    node: Optional[str] = None


def read_benchmarks(benchmarks: Path, logs: Path, contents: Mapping[str, Any]) -> List[Benchmark]:
    """The jobs of the configuration: rule after rule, then by corpus, name and shard.

    ``contents``: ``rules`` (rule → regular expression of its benchmarks below the folder, in the order
    of the workflow) and ``shards`` (corpus → number). Files of anything else are of older
    configurations and left out. A job with a log and no benchmark is there, its measures unknown.
    """
    patterns = {rule: re.compile(pattern) for rule, pattern in contents["rules"].items()}
    found = {}
    for stem in _stems(benchmarks, ".tsv") | _stems(logs, ".log"):
        for order, (rule, pattern) in enumerate(patterns.items()):
            match = pattern.fullmatch(f"{stem}.tsv")
            job = _identity(rule, match.groupdict(), contents["shards"]) if match else None
            if job:
                key = (order, job["corpus"] or "", job["name"] or "", -1 if job["shard"] is None else job["shard"])
                found[key] = (job, stem)
    return [
        _benchmark(job, benchmarks / f"{stem}.tsv", logs / f"{stem}.log") for _, (job, stem) in sorted(found.items())
    ]


def _stems(folder: Path, ending: str) -> set:
    """Files below the folder, as paths relative to it without their ending."""
    paths = (path for path in folder.rglob(f"*{ending}") if path.is_file())
    return {path.relative_to(folder).as_posix()[: -len(ending)] for path in paths}


def _identity(rule: str, wildcards: Dict[str, str], shards: Mapping[str, int]) -> Optional[Dict[str, Any]]:
    """Rule, corpus, name and shard; None for a shard that the corpus no longer has."""
    corpus = wildcards.pop("corpus", None)
    shard = wildcards.pop("shard", None)
    if shard is not None and corpus in shards and int(shard) >= shards[corpus]:
        return None
    name = "/".join(wildcards.values()) or None
    return {"rule": rule, "corpus": corpus, "name": name, "shard": None if shard is None else int(shard)}


def _benchmark(job: Dict[str, Any], benchmark: Path, log: Path) -> Benchmark:
    start, slurm_job, node = read_log(log)
    return Benchmark(**job, **read_measures(benchmark), start=start, slurm_job=slurm_job, node=node)


def read_measures(path: Path) -> Dict[str, Optional[float]]:
    """What one benchmark file measured; a value that is no number (``NA``, ``-``, a torn file) is None.

    So is 0: Snakemake looks twice a second, later twice a minute, and load takes two looks.
    """
    columns = {"seconds": "s", "cpu_seconds": "cpu_time", "mean_load": "mean_load", "max_rss_mb": "max_rss"}
    rows: List[Dict[str, str]] = []
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace", newline="") as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
    last = rows[-1] if rows else {}
    return {measure: number(last.get(column)) or None for measure, column in columns.items()}


def number(text: Optional[str]) -> Optional[float]:
    """A finite number that is not negative, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def read_log(path: Path) -> Tuple[Optional[float], Optional[str], Optional[str]]:
    """When the stage started (seconds), its SLURM job and node, from the head of its log."""
    if not path.is_file():
        return None, None, None
    with path.open("rb") as handle:
        head = handle.read(HEAD).decode("utf-8", "replace")
    stamp, slurm = STAMP.search(head), SLURM_JOB.search(head)
    start = datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S") if stamp else None
    return _seconds(start), *(slurm.groups() if slurm else (None, None))


def _seconds(moment: Optional[datetime]) -> Optional[float]:
    """Seconds since a fixed moment, of a clock time whatever its zone: good for differences."""
    return (moment - datetime(2000, 1, 1)).total_seconds() if moment else None
