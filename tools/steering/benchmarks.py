"""How long jobs take: from the benchmarks of those that are done, else from what the rules say of their work.

Rules state as resource ``cpu_s`` how many seconds of one core a job is expected to take; it is the
measure of work, too, by which a measured job tells of a longer or shorter one.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Dict, Iterable, List, Optional, Tuple

from .dry_run import Job

WORK = "cpu_s"
REACH = 10.0  # times the work of the largest measured job of a kind that its measure is believed
START_ON_SLURM = 15.0  # s; two more Snakemakes start before a job's work begins
OWN_NAMES = ("corpus", "shard")  # wildcards that do not tell another kind of work


@dataclass(frozen=True)
class Estimate:
    """Seconds that a job takes, and what they rest on: measured | stated | limit | local."""

    seconds: float
    basis: str


@dataclass(frozen=True)
class Measured:
    """Jobs of one kind that are done: of each its seconds, and its work where that is stated."""

    seconds: Tuple[float, ...]
    work: Tuple[float, ...]

    def predict(self, work: float) -> Optional[float]:
        """Seconds of a job with so much work; None where it is beyond what was measured."""
        if not work or not all(self.work):
            return median(self.seconds)
        if work > REACH * max(self.work):
            return None
        return work * median(seconds / done for seconds, done in zip(self.seconds, self.work))


def kind(job: Job) -> Tuple[str, ...]:
    """Rule and the names that make its work another one (encoder, voice, …)."""
    return (job.rule, *(value for key, value in job.wildcards if key not in OWN_NAMES))


def read_seconds(path: Path) -> Optional[float]:
    """Seconds of a benchmark file (median of its repeats); None where there is none or it is not whole."""
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            values = [float(row["s"]) for row in csv.DictReader(handle, delimiter="\t")]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return median(values) if values else None


class Estimator:
    """Predicts the seconds of jobs from those of them that have a benchmark."""

    def __init__(self, jobs: Iterable[Job], folder: Path) -> None:
        found: Dict[Tuple[str, ...], List[Tuple[float, float]]] = defaultdict(list)
        for job in jobs:
            seconds = read_seconds(folder / job.benchmark) if job.benchmark else None
            if seconds is not None:
                found[kind(job)].append((seconds, job.number(WORK)))
                found[(job.rule,)].append((seconds, job.number(WORK)))
        self.measured = {key: Measured(*map(tuple, zip(*pairs))) for key, pairs in found.items()}

    def measured_seconds(self, job: Job) -> Optional[float]:
        """Seconds by the benchmarks of its kind, else of its rule; None where there are none that reach so far."""
        for key in (kind(job), (job.rule,)):
            if key in self.measured and (seconds := self.measured[key].predict(job.number(WORK))) is not None:
                return seconds
        return None

    def estimate(self, job: Job) -> Estimate:
        """Seconds by the benchmarks, else as the rule states, else the whole of its time limit.

        What a rule states is work of cores, and is taken to divide evenly over those of the job (an LSTM that is
        trained by several processes comes near). How fast GPUs are no rule knows: their jobs count as if
        their cores did the work, most likely too long, until there are benchmarks.
        """
        seconds = self.measured_seconds(job)
        if seconds is not None:
            return Estimate(seconds, "measured")
        if job.local:
            return Estimate(0.0, "local")
        if WORK in job.resources:
            return Estimate(job.number(WORK) / job.cores, "stated")
        return Estimate(60 * job.number("runtime"), "limit")
