"""Jobs that outlived their controller: in SLURM's queue, and on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List

from .processes import Process, controllers, end, is_locked, left_jobs, noted_controller
from .run_log import run_ids
from .slurm import Queued, cancel, is_there, queue
from .table import aligned, duration

POLL = 5.0  # s
HEADER = ("SLURM job", "state", "for", "limit in", "partition", "where or why", "rule and wildcards")
Say = Callable[[str], None]


class Refused(Exception):
    """What must not be done now; the message says why."""


@dataclass
class Orphans:
    """What is left of runs in ``folder``."""

    folder: Path
    names: List[str] = field(default_factory=list)  # of runs, in SLURM
    slurm: List[Queued] = field(default_factory=list)
    local: List[Process] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.slurm or self.local)

    def refresh(self) -> None:
        self.slurm = queue(self.names)
        self.local = left_jobs(self.folder, {job.id for job in self.slurm})

    def as_text(self) -> str:
        rows = [
            (job.id, job.state, duration(job.elapsed), limit(job.left), job.partition, job.where, job.comment)
            for job in self.slurm
        ]
        parts = [aligned(HEADER, rows, left=len(HEADER))] if rows else []
        return "\n".join([*parts, *map(str, self.local)])


def limit(seconds: float) -> str:
    return "-" if seconds == float("inf") else duration(seconds)


def find(folder: Path) -> Orphans:
    """Orphans of every run that there was in ``folder``. Raises Refused, SlurmSilent where it cannot be told."""
    names = run_ids(folder)
    if names and not is_there():
        raise Refused("runs here used SLURM, and there is no squeue on this machine: call this where SLURM is")
    orphans = Orphans(folder, names)
    orphans.refresh()
    return orphans


def refuse_beside_controller(folder: Path, force: bool) -> None:
    """Raises Refused while a controller lives, or might on another machine (unless ``force``)."""
    noted = noted_controller(folder)
    if noted and noted.alive:
        raise Refused(f"the run goes on: process {noted.pid} on {noted.host}: {noted.command}")
    if living := controllers(folder):
        raise Refused(f"the run goes on: {living[0]}")
    if noted and not noted.here and is_locked(folder) and not force:
        raise Refused(
            f"the run was started on {noted.host} as process {noted.pid}; whether it goes on cannot be told from"
            f" here: call this there, or look there (ps -p {noted.pid}) and come back with --force"
        )


def settle(orphans: Orphans, cancel_running: bool, cancel_waiting: bool, say: Say) -> None:
    """Cancel what is to be cancelled and wait until nothing is left. Raises SlurmSilent, Refused.

    Processes of this machine are ended in any case: Snakemake takes what they make for unfinished.
    """
    ids = [job.id for job in orphans.slurm]
    if ids and cancel_running:
        say(f"cancelling {len(ids)} jobs")
        cancel(ids)
    elif cancel_waiting and any(job.waits for job in orphans.slurm):
        say("cancelling those that wait: they have done nothing yet, and the next run submits them again")
        cancel(ids, state="PENDING")
    if left := end(orphans.local):
        raise Refused(f"it does not end: {left[0]}")
    wait(orphans, say)


def wait(orphans: Orphans, say: Say) -> None:
    """Until no job is left; says how many are whenever their number changes."""
    before = -1
    while True:
        orphans.refresh()
        if not orphans:
            return
        if (number := len(orphans.slurm) + len(orphans.local)) != before:
            longest = max((job.left for job in orphans.slurm), default=0)
            say(f"waiting for {number} jobs (the last reaches its limit in {limit(longest)})")
            before = number
        time.sleep(POLL)
