"""What a run will cost: jobs, hours, disk and wall time, and what will not fit."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any, Dict, List, Optional, Sequence, Tuple

from cluster import PLACEHOLDER
from resources import INVENTORY, TOLD_HOURS

from .benchmarks import START_ON_SLURM, Estimate, Estimator
from .dry_run import Job, parents
from .invocation import Invocation, dry_runs
from .means import Means
from .partitions import Partition, misfits, read_partitions, summary
from .schedule import gpus_of, makespan
from .table import and_more, duration

MOST_ENTRIES = 10_000  # of one folder; more make a parallel file system slow
BOOKS = ".snakemake/metadata"  # holds an entry for every file that jobs make


class UnknownCorpus(Exception):
    """Hours were told of a corpus that the configuration does not have."""


@dataclass
class Cost:
    """Jobs of one rule."""

    rule: str
    jobs: int = 0
    cpu_hours: float = 0.0
    gpu_hours: float = 0.0
    disk_mb: float = 0.0
    longest: float = 0.0  # s
    basis: Dict[str, int] = field(default_factory=dict)  # what estimates rest on → jobs

    def add(self, job: Job, estimate: Estimate) -> None:
        self.jobs += 1
        self.cpu_hours += estimate.seconds * job.cores / 3600
        self.gpu_hours += estimate.seconds * gpus_of(job) / 3600
        self.disk_mb += job.number("output_mb")
        self.longest = max(self.longest, estimate.seconds)
        self.basis[estimate.basis] = self.basis.get(estimate.basis, 0) + 1


@dataclass
class Plan:
    """What ``make plan`` tells."""

    costs: List[Cost]
    wall_seconds: Optional[float]
    means: Means
    warnings: List[str]
    assumed: List[str]  # corpora whose hours are not counted yet
    notes: List[str]  # what the plan rests on or could not look at

    def as_json(self) -> Dict[str, Any]:
        """For machines."""
        means = {**asdict(self.means), "partitions": str(self.means.partitions or "")}
        return {**asdict(self), "means": means}


def make_plan(snakemake: Invocation, means: Means, hours: Dict[str, float], everything: bool) -> Plan:
    """Dry runs of the first and the last attempt, priced and held against the cluster's limits.

    ``hours`` of the corpora that are not inventoried yet. On one machine nothing ends a job whose time is up.
    """
    partitions = read_partitions(means.partitions) if means.partitions else []
    limited = means.slurm or bool(partitions)
    last_attempt = ("--forceall", "--attempt", str(means.attempts))
    wanted = [("--forceall",), *([] if everything else [()]), *([last_attempt] if limited else [])]
    whole, *others = dry_runs(snakemake, wanted, {TOLD_HOURS: json.dumps(hours)})
    counted = counted_already(whole.jobs, hours, snakemake.folder)
    jobs = whole.jobs if everything else others[0].jobs
    last = others[-1].by_name() if limited else {}
    estimator = Estimator(whole.jobs, snakemake.folder)
    estimates = {job.name: estimator.estimate(job) for job in jobs}
    warnings = [f"no partition takes {line}" for line in limits(jobs, last, means.attempts, partitions)]
    warnings += short_of_time(jobs, estimates, last, means.attempts)
    warnings += [f"{folder} will have {n:,} entries" for folder, n in crowded(whole.jobs)]
    wall = None
    try:
        overhead = START_ON_SLURM if means.slurm else 0.0
        seconds = {job.name: estimates[job.name].seconds + (0.0 if job.local else overhead) for job in jobs}
        wall = makespan(jobs, seconds, parents(jobs), means.places, means.gpus)
    except ValueError as error:
        warnings.append(str(error))
    notes = [*unfilled(means, partitions), *counted]
    return Plan(costs_of(jobs, estimates), wall, means, warnings, uncounted(jobs, hours, snakemake.folder), notes)


def counted_already(jobs: Sequence[Job], hours: Dict[str, float], folder: Path) -> List[str]:
    """Lines on told hours that are not used, as the inventory is there. Raises UnknownCorpus."""
    corpora = dict.fromkeys(job.corpus for job in jobs if job.corpus)
    if unknown := [corpus for corpus in hours if corpus not in corpora]:
        raise UnknownCorpus(f"the configuration has no corpus {unknown[0]}, only {', '.join(corpora)}")
    return [
        f"the inventory of {corpus} is there: its hours are used, not those that were told"
        for corpus in hours
        if (folder / INVENTORY.format(corpus=corpus)).is_file()
    ]


def unfilled(means: Means, partitions: Sequence[Partition]) -> List[str]:
    """Lines on what the profile of a cluster does not say yet."""
    lines = []
    if means.slurm and means.account == PLACEHOLDER:
        lines.append(f"slurm_account of the profile is still {PLACEHOLDER}: SLURM will take no job")
    if means.slurm and not partitions:
        where = f"{means.partitions} lists no partitions" if means.partitions else "the profile names no partitions"
        lines.append(f"{where}: there are no limits to hold jobs against")
    return lines


def uncounted(jobs: Sequence[Job], hours: Dict[str, float], folder: Path) -> List[str]:
    """Corpora of which nobody has said how many hours they have."""
    corpora = dict.fromkeys(job.corpus for job in jobs if job.corpus)
    return [c for c in corpora if c not in hours and not (folder / INVENTORY.format(corpus=c)).is_file()]


def limits(jobs: Sequence[Job], last: Dict[str, Job], attempts: int, partitions: Sequence[Partition]) -> List[str]:
    """Lines on jobs that no partition takes, at the first attempt or by the last."""
    jobs = [job for job in jobs if not job.local]
    if not partitions:
        return []
    found = misfits({1: jobs, attempts: [last.get(job.name, job) for job in jobs]}, partitions)
    return summary(found, {job.name: job for job in jobs})


def short_of_time(
    jobs: Sequence[Job], estimates: Dict[str, Estimate], last: Dict[str, Job], attempts: int
) -> List[str]:
    """Lines on jobs that are expected to take longer than all their attempts together may; one for each rule."""
    short: Dict[str, List[Tuple[float, float, str]]] = {}
    for job in jobs:
        first, final = (60 * each.number("runtime") for each in (job, last.get(job.name, job)))
        granted, needed = attempts * (first + final) / 2, estimates[job.name].seconds
        if job.name in last and 0 < granted < needed:
            short.setdefault(job.rule, []).append((needed, granted, job.name))
    return [
        f"{and_more(name, len(same))}: {duration(needed)} expected, but the time limits of all its attempts"
        f" ({attempts}) make {duration(granted)}"
        for same in short.values()
        for needed, granted, name in [max(same)]
    ]


def crowded(jobs: Sequence[Job]) -> List[Tuple[str, int]]:
    """Folders that would hold too many entries, and how many."""
    files = {path for job in jobs for path in (*job.output, *job.log, job.benchmark) if path}
    entries = {(str(parent), path) for path in map(PurePath, files) for parent, path in steps(path)}
    counts = Counter(folder for folder, _ in entries)
    counts[BOOKS] = sum(len(job.output) for job in jobs)
    return [(folder, number) for folder, number in counts.items() if number > MOST_ENTRIES]


def steps(path: PurePath) -> List[Tuple[PurePath, PurePath]]:
    """Each folder over a path with what it holds on the way to it."""
    chain = [path, *path.parents]
    return list(zip(chain[1:], chain))


def costs_of(jobs: Sequence[Job], estimates: Dict[str, Estimate]) -> List[Cost]:
    """Costs of each rule, in the order of the work."""
    costs: Dict[str, Cost] = {}
    for job in jobs:
        costs.setdefault(job.rule, Cost(job.rule)).add(job, estimates[job.name])
    return list(costs.values())
