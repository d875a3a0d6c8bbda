"""Processes of this machine that belong to a run: its controller, and jobs that outlived it (Linux: /proc)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Container, Iterator, List, Optional, Sequence

from cluster import CONTROLLER

PROC = Path("/proc")
LOCKS = Path(".snakemake", "locks")
HARMLESS = {"-n", "--dry-run", "--dryrun", "--unlock", "--summary", "--version", "--help", "--lint", "--mode"}
CLOCK_SLACK = 5.0  # s; between the start of a process and its note of it


@dataclass(frozen=True)
class Process:
    """A process whose working directory is that of a run."""

    pid: int
    arguments: Sequence[str]
    slurm_job: str = ""  # the SLURM job that it is part of

    def __str__(self) -> str:
        return f"process {self.pid}: {' '.join(self.arguments)[:100]}"


@dataclass(frozen=True)
class Controller:
    """The Snakemake that a run's note names."""

    host: str
    pid: int
    started: float  # s since 1970
    command: str

    @property
    def here(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether that very process still lives; of another machine it cannot be told."""
        began = start_of(self.pid)
        return self.here and began is not None and began <= self.started + CLOCK_SLACK


def noted_controller(folder: Path) -> Optional[Controller]:
    """The controller of the newest run, if it left a note that can be read."""
    try:
        note = json.loads((folder / CONTROLLER).read_text("utf-8"))
        started = datetime.fromisoformat(note["started"]).timestamp()
        return Controller(note["host"], int(note["pid"]), started, " ".join(note["command"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_locked(folder: Path) -> bool:
    """Whether a run holds the working directory, or held it when it was killed."""
    return any((folder / LOCKS).glob("*.lock"))


def start_of(pid: int) -> Optional[float]:
    """When a process started (s since 1970); None where there is none."""
    try:
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        booted = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    if after_name[0] == "Z":
        return None
    return int(booted.split()[1]) + int(after_name[19]) / os.sysconf("SC_CLK_TCK")


def processes_in(folder: Path) -> Iterator[Process]:
    """Own processes that work in ``folder``."""
    place = str(folder.resolve())
    for entry in PROC.glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd") != place:
                continue
            variables = nul_separated(entry / "environ")
            arguments = nul_separated(entry / "cmdline")
        except OSError:  # it ended, or is another user's
            continue
        jobs = [value.partition("=")[2] for value in variables if value.startswith("SLURM_JOB_ID=")]
        if arguments != [""]:
            yield Process(int(entry.name), arguments, *jobs[:1])


def nul_separated(path: Path) -> List[str]:
    """Command line or environment of a process."""
    return path.read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")


def controllers(folder: Path) -> List[Process]:
    """Snakemakes that make something in ``folder``: also those that have not come to write a note."""
    return [process for process in processes_in(folder) if is_controller(process.arguments)]


def is_controller(arguments: Sequence[str]) -> bool:
    """Whether this is the command line of a Snakemake that runs jobs."""
    program = [Path(argument).name for argument in arguments[:2]]
    called = "snakemake" in program or list(arguments[1:3]) == ["-m", "snakemake"]
    return called and not HARMLESS & set(arguments)


def left_jobs(folder: Path, in_queue: Container[str]) -> List[Process]:
    """Stages that run on this machine, but not in the SLURM jobs of runs that are ``in_queue``.

    Those of ``snakemake --cores`` inside an allocation are part of a SLURM job, too, but of none that a run
    submitted. (Jobs are told by number: inside a job's step SLURM_JOB_NAME is the name of the step.)
    """
    stages = (process for process in processes_in(folder) if is_stage(process.arguments))
    return [process for process in stages if process.slurm_job not in in_queue]


def is_stage(arguments: Sequence[str]) -> bool:
    """Whether this is ``python workflow/scripts/STAGE.py …``."""
    return len(arguments) > 1 and Path(arguments[1]).match("workflow/scripts/*.py")


def end(processes: Sequence[Process], patience: float = 30.0) -> List[Process]:
    """Ask processes to end and wait; returns those that did not."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    limit = time.monotonic() + patience
    left = list(processes)
    while left and time.monotonic() < limit:
        left = [process for process in left if start_of(process.pid) is not None]
        time.sleep(0.2)
    return left
