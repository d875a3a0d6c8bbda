"""SLURM's queue: which jobs of a run are still in it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Dict, List, Sequence

FORMAT = "%i|%j|%T|%M|%L|%P|%R|%k"  # the comment last: it may hold anything
WAITING = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"}


class SlurmSilent(Exception):
    """SLURM does not answer; the message is what it said."""


@dataclass(frozen=True)
class Queued:
    """A job that SLURM has not done with."""

    id: str
    run_id: str
    state: str  # PENDING, RUNNING, COMPLETING, …
    elapsed: float  # s
    left: float  # s of its time limit
    partition: str
    where: str  # nodes, or why it waits
    comment: str  # rule and wildcards

    @property
    def waits(self) -> bool:
        return self.state in WAITING


def is_there() -> bool:
    return shutil.which("squeue") is not None


def queue(run_ids: Sequence[str]) -> List[Queued]:
    """Jobs of these runs that are waiting, running or ending. Raises SlurmSilent."""
    if not run_ids or not is_there():
        return []
    said = ask("squeue", "--noheader", "--name", ",".join(run_ids), "--format", FORMAT)
    return [parse(line) for line in said.splitlines() if line.count("|") >= FORMAT.count("|")]


def parse(line: str) -> Queued:
    """A line of ``squeue --format FORMAT``."""
    number, run_id, state, elapsed, left, partition, where, comment = line.split("|", FORMAT.count("|"))
    return Queued(number, run_id, state, seconds(elapsed), seconds(left), partition, where, comment)


def cancel(ids: Sequence[str], state: str = "") -> None:
    """Cancel these jobs; with a state, those that are still in it when SLURM hears of it. Raises SlurmSilent."""
    for start in range(0, len(ids), 500):
        ask("scancel", *([f"--state={state}"] if state else []), *ids[start : start + 500])


def ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SlurmSilent(str(error)) from error
    if done.returncode:
        raise SlurmSilent(f"{command[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.stdout


def seconds(clock: str) -> float:
    """``D-HH:MM:SS``, ``HH:MM:SS`` or ``MM:SS`` in seconds; infinite where it is no time (UNLIMITED)."""
    days, dash, rest = clock.rpartition("-")
    try:
        parts = [int(part) for part in rest.split(":")]
        total = sum(part * 60**power for power, part in enumerate(reversed(parts)))
        return float(total + (int(days) * 86_400 if dash else 0))
    except ValueError:
        return float("inf")


def by_comment(jobs: Sequence[Queued]) -> Dict[str, Queued]:
    """Comment → job; of two with the same comment the one that runs."""
    return {job.comment: job for job in sorted(jobs, key=lambda job: not job.waits)}
