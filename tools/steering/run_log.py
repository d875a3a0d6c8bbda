"""What Snakemake's own logs (.snakemake/log) tell about runs: jobs that started, finished and failed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from .dry_run import HEADER, LINE, Job, make_job

FOLDER = Path(".snakemake", "log")
TIME = re.compile(r"^\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\]$")
RUN_ID = re.compile(r"^SLURM run ID: (\S+)$")
CAPACITY = re.compile(r"^Provided (?:cores|remote nodes): (\d+)")
GPUS = re.compile(r"^Provided resources: .*\bgpu=(?:Resource\(\"gpu\", )?(\d+)")
FINISHED = re.compile(r"^Finished jobid: (\d+)")
RESTARTED = re.compile(r"^Trying to restart job (\d+)\.$")
FAILED = re.compile(r"^Error in (?:local)?(?:rule|checkpoint) (\w+):$")
CONFIG_FILE = re.compile(r"Path\('([^']*)'\)")
PROFILE = re.compile(r" --(?:workflow-)?profile[ =](\S+)")
EMBEDDED = re.compile(r"^Logfile .*:$")  # --show-failed-logs prints whole logs, other Snakemakes' among them
RULE_LINE = re.compile(r"^={60,}$")
MESSAGE_ENDS = ("\n    sbatch call:", "For further error details see the cluster/cloud log")
NOT_SUBMITTED = ("SLURM sbatch failed", "Job submission failed")
UNUSABLE_HINT = " Detailed failure reason unavailable (status command is not 'sacct')."  # the profile forbids sacct
NOT_A_RUN = (" --unlock", " --touch", " -t ", " --cleanup-", " --delete-", " --conda-create-envs-only")


@dataclass
class Started:
    """A job that a run started, and what became of it."""

    job: Job
    at: Optional[datetime]
    state: str = "started"  # started | finished | failed
    message: str = ""  # what SLURM said of a failure
    logs: Tuple[str, ...] = ()
    failed_as: int = 0  # its number among the failures
    attempt: int = 1

    @property
    def submitted(self) -> bool:
        """Whether it came so far that it may have written a log."""
        return not self.message.startswith(NOT_SUBMITTED)

    def elapsed(self) -> float:
        """Seconds since it started."""
        return max(0.0, (datetime.now() - self.at).total_seconds()) if self.at else 0.0


@dataclass
class Run:
    """One run of Snakemake, from its log."""

    path: Path
    command: str = ""
    host: str = ""
    snakefile: str = ""
    config_files: Tuple[str, ...] = ()
    run_id: str = ""  # SLURM's name for all its jobs; empty on one machine
    capacity: Optional[int] = None  # jobs (SLURM) or cores at once
    gpus: Optional[int] = None  # at once; None: no limit
    began: Optional[datetime] = None
    first_job: Optional[datetime] = None  # when it started the first
    ended: bool = False
    jobs: Dict[str, Started] = field(default_factory=dict)

    @property
    def profile(self) -> str:
        found = PROFILE.search(self.command)
        return found[1] if found else ""


def runs(folder: Path) -> Iterator[Path]:
    """Logs of Snakemake below the working directory, the newest first."""
    yield from sorted((folder / FOLDER).glob("*.snakemake.log"), reverse=True)


def newest_run(folder: Path) -> Optional[Run]:
    """The newest run that started a job, else the newest that was to make something.

    One that was refused, because another held the lock, leaves a log too.
    """
    idle = None
    for path in runs(folder):
        header = read_run(path, header_only=True)
        if header.command and not any(mark in f"{header.command} " for mark in NOT_A_RUN):
            run = read_run(path)
            if run.jobs:
                return run
            idle = idle or run
    return idle


def run_ids(folder: Path) -> List[str]:
    """SLURM's names of every run that there was, the newest first."""
    headers = (read_run(path, header_only=True) for path in runs(folder))
    return [run.run_id for run in headers if run.run_id]


def read_run(path: Path, header_only: bool = False) -> Run:
    """What a log says. Lines that are not understood are passed over."""
    run = Run(path)
    ids: Dict[str, str] = {}  # Snakemake's number of a job → its name
    at: Optional[datetime] = None
    block: Optional[Dict[str, str]] = None
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in outside_embedded(lines):
            if block is not None and (entry := LINE.match(line)):
                block.setdefault(entry[1], entry[2])
                continue
            if block is not None and goes_on(block, line):
                block["message"] += f"\n{line}"
                continue
            if block is not None:
                take(block, run, ids, at)
                block = None
            if header_only and line == "Job stats:":
                return run
            if time := TIME.match(line):
                at = datetime.strptime(time[1], "%a %b %d %H:%M:%S %Y")
            elif rule := HEADER.match(line):
                block = {"rule": rule[1]}
            elif rule := FAILED.match(line):
                block = {"rule": rule[1], "failed": "yes"}
            else:
                event(line, run, ids)
    if block is not None:
        take(block, run, ids, at)
    return run


def outside_embedded(lines: Iterator[str]) -> Iterator[str]:
    """Lines without those of other logs that are printed between two rules of equal signs."""
    inside = expected = False
    for raw in lines:
        line = raw.rstrip("\n")
        if RULE_LINE.match(line) and (inside or expected):
            inside, expected = not inside, False
        elif not inside:
            expected = bool(EMBEDDED.match(line))
            yield line


def goes_on(block: Dict[str, str], line: str) -> bool:
    """Whether a line belongs to a message of several lines, as of a failed submission; ``jobid`` comes after it."""
    begins_another = any(pattern.match(line) for pattern in (TIME, HEADER, FAILED))
    return "failed" in block and "message" in block and "jobid" not in block and not begins_another


def of_slurm(message: str) -> str:
    """What a message says without the command that was called, and without advice that would not help."""
    for end in MESSAGE_ENDS:
        message = message.partition(end)[0]
    message = message.replace(UNUSABLE_HINT, "").strip()
    return "" if message == "None" else message


def take(block: Dict[str, str], run: Run, ids: Dict[str, str], at: Optional[datetime]) -> None:
    """Note the start or the failure of a job."""
    number = block.get("jobid", "")
    if "failed" not in block:
        job = make_job(block)
        if job.output:
            run.first_job = run.first_job or at
            ids[number] = job.name
            before = run.jobs.get(job.name)
            run.jobs[job.name] = Started(job, at, attempt=before.attempt if before else 1)
    elif number in ids:
        started = run.jobs[ids[number]]
        started.state, started.message = "failed", of_slurm(block.get("message", "None"))
        started.logs = make_job(block).log
        started.failed_as = 1 + max(job.failed_as for job in run.jobs.values())


def event(line: str, run: Run, ids: Dict[str, str]) -> None:
    """Note what a line outside the blocks of jobs tells."""
    if found := FINISHED.match(line):
        set_state(run, ids, found[1], "finished")
    elif found := RESTARTED.match(line):
        set_state(run, ids, found[1], "started")
        if found[1] in ids:
            run.jobs[ids[found[1]]].attempt += 1
    elif found := RUN_ID.match(line):
        run.run_id = found[1]
    elif found := CAPACITY.match(line):
        run.capacity = int(found[1])
    elif found := GPUS.match(line):
        run.gpus = int(found[1])
    elif line.startswith("Complete log(s):"):
        run.ended = True
    else:
        heading(line, run)


def set_state(run: Run, ids: Dict[str, str], number: str, state: str) -> None:
    if number in ids:
        run.jobs[ids[number]].state = state


def heading(line: str, run: Run) -> None:
    """Note a line of the heading, once."""
    key, _, value = line.strip().partition(": ")
    if key == "Date" and run.began is None:
        run.began = datetime.fromisoformat(value)
    elif key == "Command" and not run.command:
        run.command = value
    elif key == "Snakefile" and not run.snakefile:
        run.snakefile = value
    elif key == "Host" and not run.host:
        run.host = value
    elif key == "Config file(s)" and not run.config_files:
        run.config_files = tuple(CONFIG_FILE.findall(value))
