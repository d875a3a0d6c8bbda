"""How far a run is: what became of every job, summed up by corpus and stage."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Set, Tuple

from .benchmarks import START_ON_SLURM, Estimator
from .dry_run import Job, parents
from .invocation import Invocation, dry_runs
from .ledgers import Rejected, count, ledgers_of
from .processes import controllers, is_locked, noted_controller
from .run_log import Run, Started
from .schedule import makespan
from .slurm import Queued, SlurmSilent, by_comment, queue


@dataclass
class Stage:
    """Jobs of one rule for one corpus (or for none)."""

    corpus: str
    rule: str
    all: int = 0
    done: int = 0
    running: int = 0
    waiting: int = 0
    failed: int = 0
    rejected: Rejected = field(default_factory=Rejected)


@dataclass
class Progress:
    """What ``make status`` tells."""

    stages: List[Stage]
    running: List[Tuple[Job, float]]  # and for how many seconds
    queued: int  # of those that wait, jobs that SLURM has been given
    failures: List[Started]
    blocked: Optional[int]  # jobs that wait for failed ones, after a run that ended with failures; None: it did not
    attempts: Dict[str, int]  # job that is tried again → which attempt it is
    seconds_left: Optional[float]  # None: no measure of any job that remains, or nothing goes on
    unmeasured: Dict[str, int]  # rule → jobs that remain of which there is no measure
    places: int  # jobs at once that the estimate rests on
    gpus: Optional[int]  # and GPUs; None: no limit
    without_provenance: Tuple[str, ...]
    orphans: int  # jobs in SLURM's queue without a controller
    alive: Optional[bool]  # the controller; None where it cannot be told
    remarks: List[str]

    def total(self, key: str) -> int:
        return sum(getattr(stage, key) for stage in self.stages)

    def as_json(self) -> dict:
        """For machines."""
        outlook = ("queued", "blocked", "attempts", "seconds_left", "unmeasured", "places", "gpus")
        state = ("without_provenance", "orphans", "alive", "remarks")
        return {
            "stages": [asdict(stage) for stage in self.stages],
            "running": [{"job": job.name, "seconds": seconds} for job, seconds in self.running],
            "failed": [{"job": f.job.name, "message": f.message, "logs": f.logs or f.job.log} for f in self.failures],
            **{key: getattr(self, key) for key in (*outlook, *state)},
        }


def look(
    snakemake: Invocation, newest: Optional[Run], places: Optional[int] = None, gpus: Optional[int] = None
) -> Progress:
    """What became of every job. ``places``, ``gpus``: jobs and GPUs at once, else as many as the newest run had."""
    folder = snakemake.folder
    whole, rest = dry_runs(snakemake, [("--forceall",), ()])
    remarks: List[str] = []
    in_queue = ask_queue(newest, remarks)
    alive = is_alive(folder)
    running = running_jobs(rest.jobs, newest, in_queue, alive is not False)
    failures = failed_jobs(rest.jobs, newest, {job.name for job in running})
    blocked = jobs_behind(rest.jobs, failures) if newest and newest.ended and failures and not alive else None
    places = places or (newest.capacity if newest else None) or 1
    gpus = gpus if gpus is not None else newest.gpus if newest else None
    seconds, unmeasured = seconds_of(rest.jobs, running, Estimator(whole.jobs, folder), newest)
    left = time_left(rest.jobs, seconds, places, gpus, remarks) if seconds is not None and blocked is None else None
    stages = sum_up(whole.jobs, rest.jobs, running, failures, folder)
    if broken := sum(stage.rejected.broken for stage in stages):
        remarks.append(f"{broken} lines of ledgers (*.rejected.jsonl) cannot be read")
    return Progress(
        stages=stages,
        running=sorted(running.items(), key=lambda item: -item[1]),
        queued=sum(job.waits for job in in_queue),
        failures=failures,
        blocked=blocked,
        attempts=later_attempts(rest.jobs, newest),
        seconds_left=left,
        unmeasured=unmeasured,
        places=places,
        gpus=gpus,
        without_provenance=rest.without_provenance,
        orphans=len(in_queue) if alive is False else 0,
        alive=alive,
        remarks=remarks,
    )


def ask_queue(newest: Optional[Run], remarks: List[str]) -> List[Queued]:
    """The newest run's jobs in SLURM's queue; a remark where SLURM does not answer."""
    try:
        return queue([newest.run_id]) if newest and newest.run_id else []
    except SlurmSilent as error:
        remarks.append(f"SLURM does not answer: {error}")
        return []


def is_alive(folder: Path) -> Optional[bool]:
    """Whether a controller works in ``folder``; None where one on another machine might."""
    if controllers(folder):
        return True
    noted = noted_controller(folder)
    return None if noted and not noted.here and is_locked(folder) else bool(noted and noted.alive)


def running_jobs(
    remaining: Iterable[Job], newest: Optional[Run], in_queue: List[Queued], alive: bool
) -> Dict[Job, float]:
    """Jobs that are being worked on, and for how many seconds: by SLURM, or by the run's log beside Snakemake."""
    if newest is None:
        return {}
    queued = by_comment([job for job in in_queue if not job.waits])
    here = {
        name: job
        for name, job in newest.jobs.items()
        if job.state == "started" and alive and not newest.ended and (job.job.local or not newest.run_id)
    }
    return {
        job: here[job.name].elapsed() if job.name in here else queued[job.comment].elapsed
        for job in remaining
        if job.name in here or job.comment in queued
    }


def failed_jobs(remaining: Iterable[Job], newest: Optional[Run], running: Iterable[str]) -> List[Started]:
    """Jobs that failed in the newest run and are still to be made, in the order of their failure."""
    if newest is None:
        return []
    names = {job.name for job in remaining} - set(running)
    failed = [job for name, job in newest.jobs.items() if job.state == "failed" and name in names]
    return sorted(failed, key=lambda job: job.failed_as)


def jobs_behind(remaining: Tuple[Job, ...], failures: Iterable[Started]) -> int:
    """How many jobs wait, directly or not, for what failed."""
    graph = parents(remaining)
    failed = {failure.job.name for failure in failures}
    behind: Set[str] = set()
    while more := {name for name, above in graph.items() if above & (failed | behind)} - failed - behind:
        behind |= more
    return len(behind)


def later_attempts(remaining: Iterable[Job], newest: Optional[Run]) -> Dict[str, int]:
    """Jobs that a run tries again, and which attempt it is."""
    if newest is None or newest.ended:
        return {}
    started = {name: job.attempt for name, job in newest.jobs.items() if job.state == "started" and job.attempt > 1}
    return {job.name: started[job.name] for job in remaining if job.name in started}


def seconds_of(
    remaining: Iterable[Job], running: Dict[Job, float], estimator: Estimator, newest: Optional[Run]
) -> Tuple[Optional[Dict[str, float]], Dict[str, int]]:
    """Seconds that jobs still need, and by rule how many have no measure: None where that is true of all of them."""
    overhead = START_ON_SLURM if newest and newest.run_id else 0.0
    seconds: Dict[str, float] = {}
    unmeasured: Dict[str, int] = {}
    for job in remaining:
        measured = estimator.measured_seconds(job)
        if measured is None and not job.local:
            unmeasured[job.rule] = unmeasured.get(job.rule, 0) + 1
        start = 0.0 if job.local else overhead
        seconds[job.name] = max(0.0, (measured or 0.0) + start - running.get(job, 0.0))
    if unmeasured and sum(unmeasured.values()) == sum(not job.local for job in remaining):
        return None, unmeasured
    return seconds, unmeasured


def time_left(
    remaining: Tuple[Job, ...], seconds: Dict[str, float], places: int, gpus: Optional[int], remarks: List[str]
) -> Optional[float]:
    """Seconds until all are done; a remark where a job asks for more GPUs than there are."""
    try:
        return makespan(remaining, seconds, parents(remaining), places, gpus)
    except ValueError as error:
        remarks.append(str(error))
        return None


def sum_up(
    jobs: Iterable[Job], remaining: Iterable[Job], running: Iterable[Job], failures: Iterable[Started], folder: Path
) -> List[Stage]:
    """Stages, those of a corpus together, in the order of the work."""
    left = {job.name for job in remaining}
    works, broke = {job.name for job in running}, {failure.job.name for failure in failures}
    stages: Dict[Tuple[str, str], Stage] = {}
    for job in jobs:
        stage = stages.setdefault((job.corpus, job.rule), Stage(job.corpus, job.rule))
        stage.all += 1
        stage.rejected += count(ledgers_of(job, folder))
        stage.done += job.name not in left
        stage.running += job.name in works
        stage.failed += job.name in broke
        stage.waiting = stage.all - stage.done - stage.running - stage.failed
    corpora = list(dict.fromkeys(corpus for corpus, _ in stages if corpus))
    return sorted(stages.values(), key=lambda stage: [*corpora, ""].index(stage.corpus))
