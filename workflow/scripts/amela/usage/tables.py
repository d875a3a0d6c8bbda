"""The tables of the page: totals, rules, imbalance, the slowest shards."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from amela.usage.jobs import Job

Row = Dict[str, Any]
FEWEST_SHARDS = 4  # that are compared with each other
SLOWEST_OF_GROUP, SLOWEST_SHOWN = 3, 20


def known(jobs: Iterable[Job], key: str) -> List[float]:
    """The values of one column that are known."""
    return [value for value in (getattr(job, key) for job in jobs) if value is not None]


def total(values: Sequence[float]) -> Optional[float]:
    """Sum of what is known; None if nothing is."""
    return sum(values) if values else None


def middle(values: Sequence[float]) -> Optional[float]:
    """Median; None of nothing."""
    return median(values) if values else None


def by_rule(jobs: Iterable[Job]) -> Dict[str, List[Job]]:
    """Rule → its jobs, in order."""
    rules: Dict[str, List[Job]] = {}
    for job in jobs:
        rules.setdefault(job.rule, []).append(job)
    return rules


SUMMED = ("seconds", "elapsed_seconds", "cpu_seconds", "gpu_seconds", "waiting_seconds")


def totals(jobs: Sequence[Job]) -> Row:
    """Sums over all jobs, and of how many each is known."""
    sums = {key: total(known(jobs, key)) for key in SUMMED}
    spans = [(job.start, job.start + job.seconds) for job in jobs if job.start is not None and job.seconds is not None]
    return {
        "jobs": len(jobs),
        **sums,
        "measured": len(known(jobs, "seconds")),
        "cpu_measured": len(known(jobs, "cpu_seconds")),
        "accounted": len(known(jobs, "waiting_seconds")),
        "wall_seconds": covered(spans),
    }


def covered(spans: Sequence[Tuple[float, float]]) -> Optional[float]:
    """Length of the union of intervals: time in which at least one job ran, over several runs too."""
    if not spans:
        return None
    length, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        length += max(0.0, end - max(start, until))
        until = max(until, end)
    return length


def rule_rows(jobs: Sequence[Job]) -> List[Row]:
    """One row a rule, in the order of the workflow."""
    all_cpu, all_gpu = (total(known(jobs, key)) for key in ("cpu_seconds", "gpu_seconds"))
    return [_rule_row(rule, group, all_cpu, all_gpu) for rule, group in by_rule(jobs).items()]


def _rule_row(rule: str, jobs: Sequence[Job], all_cpu: Optional[float], all_gpu: Optional[float]) -> Row:
    seconds, memory = known(jobs, "seconds"), known(jobs, "max_rss_mb")
    shares = [
        job.max_rss_mb / job.requested_mb for job in jobs if job.max_rss_mb is not None and job.requested_mb is not None
    ]
    return {
        "rule": rule,
        "jobs": len(jobs),
        "unmeasured": len(jobs) - len(seconds),
        "seconds": seconds,
        "median": middle(seconds),
        "longest": max(seconds, default=None),
        "total": total(seconds),
        "cpu_share": _share(total(known(jobs, "cpu_seconds")), all_cpu),
        "memory": middle(memory),
        "most_memory": max(memory, default=None),
        "memory_share": max(shares, default=None),
        "waiting": middle(known(jobs, "waiting_seconds")),
        "gpu_share": _share(total(known(jobs, "gpu_seconds")), all_gpu),
        "gpu_utilisation": gpu_utilisation(jobs),
    }


def _share(part: Optional[float], whole: Optional[float]) -> Optional[float]:
    return part / whole if part is not None and whole else None


def gpu_utilisation(jobs: Iterable[Job]) -> Optional[float]:
    """Mean over GPU time, 0-1, of the jobs that have GPUs and were measured."""
    timed = [
        (job.gpu_seconds, job.gpu_utilisation) for job in jobs if job.gpu_seconds and job.gpu_utilisation is not None
    ]
    whole = sum(seconds for seconds, _ in timed)
    return sum(seconds * utilisation for seconds, utilisation in timed) / whole if whole else None


@dataclass(frozen=True)
class Imbalance:
    """Shards that did the same, compared: rule, corpus and name, and the one that took longest."""

    slowest: Job
    shards: int
    median_seconds: float
    median_hours: Optional[float]

    @property
    def ratio(self) -> Optional[float]:
        """Longest against median; None where the median is too short to be measured."""
        return self.slowest.seconds / self.median_seconds if self.median_seconds else None

    @property
    def hours_ratio(self) -> Optional[float]:
        """Speech of the slowest shard against the median shard."""
        return _share(self.slowest.hours, self.median_hours)


def shard_groups(jobs: Iterable[Job]) -> List[List[Job]]:
    """Jobs on shards that did the same and were measured, longest first."""
    groups: Dict[Tuple, List[Job]] = {}
    for job in sorted((job for job in jobs if job.shard is not None and job.seconds is not None), key=_longest_first):
        groups.setdefault((job.rule, job.corpus, job.name), []).append(job)
    return list(groups.values())


def _longest_first(job: Job) -> float:
    return -job.seconds


def imbalances(jobs: Iterable[Job]) -> List[Imbalance]:
    """One for each group of enough shards, the most uneven first."""
    found = [
        Imbalance(
            slowest=group[0],
            shards=len(group),
            median_seconds=median(known(group, "seconds")),
            median_hours=middle(known(group, "hours")),
        )
        for group in shard_groups(jobs)
        if len(group) >= FEWEST_SHARDS
    ]
    return sorted(found, key=lambda imbalance: -(imbalance.ratio or 0.0))


def slowest_shards(jobs: Iterable[Job]) -> List[Row]:
    """The jobs on shards that took longest, some of each group, with seconds for an hour of speech."""
    slowest = sorted((job for group in shard_groups(jobs) for job in group[:SLOWEST_OF_GROUP]), key=_longest_first)
    return [
        {"job": job, "seconds_per_hour": job.seconds / job.hours if job.hours else None}
        for job in slowest[:SLOWEST_SHOWN]
    ]
