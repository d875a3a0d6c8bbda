"""Whether a cluster's partitions can take the jobs: the table of profiles/slurm/partitions.yaml.

The same limits as in the SLURM plugin: a job goes to a partition that has all it asks for, ``max_gpu`` is 0
where it is not given, everything else unlimited.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .dry_run import Job
from .table import duration, size

# key of the table → resource of a job
LIMITS = {
    "max_runtime": "runtime",
    "max_mem_mb": "mem_mb",
    "max_threads": "threads",
    "max_gpu": "gpu",
    "max_nodes": "nodes",
}
DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class BrokenTable(Exception):
    """The table of partitions cannot be read."""


@dataclass(frozen=True)
class Partition:
    """Name and limits; what is not limited is not there. Minutes, MB, numbers."""

    name: str
    limits: Dict[str, float]

    def exceeded(self, job: Job) -> List[str]:
        """Resources of which the job asks for more than there is."""
        return [key for key in LIMITS.values() if asked(job, key) > self.limits.get(key, float("inf"))]


@dataclass(frozen=True)
class Misfit:
    """A job that no partition takes at some attempt, and where that asks too much of the one it comes nearest to."""

    job: Job  # as that attempt asks
    attempt: int
    nearest: Partition
    exceeded: Tuple[str, ...]


def asked(job: Job, key: str) -> float:
    return job.threads if key == "threads" else job.number(key)


def minutes(value: Any) -> float:
    """Minutes of ``120``, ``"1-12:30:00"``, ``"12:30:00"``, ``"12:30"`` (hours), ``"2d12h"``. Raises BrokenTable."""
    text = str(value).strip()
    try:
        return float(text)
    except ValueError:
        pass
    if (units := DURATION.fullmatch(text)) and text:
        days, hours, mins, seconds = (int(part or 0) for part in units.groups())
        return 1440 * days + 60 * hours + mins + seconds / 60
    days_text, dash, clock = text.rpartition("-")
    try:
        parts = [int(part) for part in clock.split(":")]
        hours, mins, seconds = [*parts, 0, 0][:3]
        return 1440 * (int(days_text) if dash else 0) + 60 * hours + mins + seconds / 60
    except ValueError:
        raise BrokenTable(f"not a time: {value!r}") from None


def read_partitions(path: Path) -> List[Partition]:
    """Partitions of the table; none where there is no such file. Raises BrokenTable."""
    import yaml

    try:
        table = (yaml.safe_load(path.read_text("utf-8")) or {}).get("partitions") or {}
        return [partition(str(name), limits or {}) for name, limits in table.items()]
    except FileNotFoundError:
        return []
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, BrokenTable) as error:
        raise BrokenTable(f"{path}: {error}") from error


def partition(name: str, limits: Dict[str, Any]) -> Partition:
    """A partition of its entry in the table."""
    known = {resource: limits[key] for key, resource in LIMITS.items() if key in limits and key != "max_runtime"}
    runtime = {"runtime": minutes(limits["max_runtime"])} if "max_runtime" in limits else {}
    return Partition(name, {"gpu": 0.0, **{key: float(value) for key, value in known.items()}, **runtime})


def misfit(job: Job, partitions: Sequence[Partition], attempt: int) -> Optional[Misfit]:
    """What keeps a job from the partition that it comes nearest to; None where one takes it.

    A job that names its partition is held against that one alone, if the table has it.
    """
    own = [p for p in partitions if p.name == job.resources.get("slurm_partition")]
    candidates = own or ([] if "slurm_partition" in job.resources else list(partitions))
    tried = [(p, p.exceeded(job)) for p in candidates]
    if not tried or any(not exceeded for _, exceeded in tried):
        return None
    nearest, exceeded = min(tried, key=lambda pair: max(times_over(job, pair[0], key) for key in pair[1]))
    return Misfit(job, attempt, nearest, tuple(exceeded))


def times_over(job: Job, nearest: Partition, key: str) -> float:
    limit = nearest.limits[key]
    return asked(job, key) / limit if limit else float("inf")


def shown(key: str, value: float) -> str:
    return {"runtime": lambda v: duration(60 * v), "mem_mb": size}.get(key, lambda v: f"{v:g}")(value)


def misfits(attempts: Dict[int, Sequence[Job]], partitions: Sequence[Partition]) -> List[Misfit]:
    """Of each job the first attempt that no partition takes."""
    found: Dict[str, Misfit] = {}
    for attempt, jobs in sorted(attempts.items()):
        for job in jobs:
            if job.name not in found and (problem := misfit(job, partitions, attempt)):
                found[job.name] = problem
    return list(found.values())


def summary(problems: Sequence[Misfit], first: Dict[str, Job]) -> List[str]:
    """A line for each partition and what it lacks. ``first``: jobs by name as their first attempts ask."""
    groups: Dict[Tuple[str, Tuple[str, ...]], List[Misfit]] = {}
    for problem in problems:
        groups.setdefault((problem.nearest.name, problem.exceeded), []).append(problem)
    return [line(same, first) for same in groups.values()]


def line(same: Sequence[Misfit], first: Dict[str, Job]) -> str:
    """``3 jobs (asr 2, vad 1): runtime up to 3 h (asr shard=0), gpu has 2 h; at the first attempt``."""
    rules = Counter(problem.job.rule for problem in same)
    number = "1 job" if len(same) == 1 else f"{len(same)} jobs"
    excess = ", ".join(worst(key, same) for key in same[0].exceeded)
    return f"{number} ({', '.join(f'{rule} {n}' for rule, n in rules.items())}): {excess}; {when(same, first)}"


def worst(key: str, same: Sequence[Misfit]) -> str:
    """The most that is asked of one resource, and what there is."""
    most = max(same, key=lambda problem: asked(problem.job, key))
    there = most.nearest
    asks = f"{key} {'up to ' * (len(same) > 1)}{shown(key, asked(most.job, key))} ({most.job.name})"
    return f"{asks}, {there.name} has {shown(key, there.limits[key])}"


def when(same: Sequence[Misfit], first: Dict[str, Job]) -> str:
    """At which attempts; of later ones, how many times as much they ask for as the first."""
    later = [problem for problem in same if problem.attempt > 1]
    if not later:
        return "at the first attempt already"
    key = later[0].exceeded[0]
    pairs = [(asked(problem.job, key), asked(first[problem.job.name], key)) for problem in later]
    times = [much / little for much, little in pairs if little]
    attempt = f"by attempt {later[0].attempt}"
    if times:
        attempt += f", which asks for {'up to ' * (min(times) < max(times))}{max(times):.3g} times as much"
    at_once = len(same) - len(later)
    return f"{at_once} of them at the first attempt already, the others {attempt}" if at_once else attempt
