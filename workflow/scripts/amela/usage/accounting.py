"""What SLURM's accounting knows of a job, from ``sacct``.

A job is several rows: one of the allocation (what was asked for and given, when), and one of each
step (what was used).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Tuple

from amela.usage.benchmarks import number

FIELDS = (
    *("JobIDRaw", "State", "ElapsedRaw", "TimelimitRaw", "Submit", "Start", "ReqMem", "AllocTRES", "MaxRSS"),
    *("TRESUsageInAve", "NodeList"),
)
CHUNK = 500  # jobs in a question: command lines are limited
PATIENCE = 120  # s to wait for an answer
SIZE = re.compile(r"([0-9.]+)([KMGTP]?)[nc]?")  # before SLURM 21.08, n or c said "of a node", "of a CPU"
MB = {"": 1 / 1024**2, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2, "P": 1024.0**3}


@dataclass(frozen=True)
class Allocation:
    """One SLURM job; None is unknown."""

    state: str
    node: Optional[str]
    seconds: Optional[float]
    waiting: Optional[float]  # s from submission to start
    requested_mb: Optional[float]
    requested_minutes: Optional[float]
    cpus: Optional[int]
    gpus: int
    max_rss_mb: Optional[float]  # of its largest step
    gpu_utilisation: Optional[float]  # share of the GPUs' time, 0-1
    gpu_memory_mb: Optional[float]


def ask_sacct(jobs: Iterable[str]) -> Tuple[Dict[str, Allocation], Optional[str]]:
    """Accounting of the jobs that SLURM knows, by id, and what went wrong, if anything did."""
    if shutil.which("sacct") is None:
        return {}, "there is no sacct on this machine"
    ids = sorted(set(jobs), key=int)
    found: Dict[str, Allocation] = {}
    for first in range(0, len(ids), CHUNK):
        try:
            found.update(parse_sacct(_answer(ids[first : first + CHUNK])))
        except (OSError, subprocess.SubprocessError) as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
            return found, f"sacct did not answer: {' '.join(said.split())}"
    return found, None


def _answer(ids: List[str]) -> str:
    command = ["sacct", "--parsable2", "--noheader", "--jobs", ",".join(ids), "--format", ",".join(FIELDS)]
    environment = {**os.environ, "SLURM_TIME_FORMAT": "%s"}  # seconds since 1970: summer time cannot confuse them
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


def parse_sacct(text: str) -> Dict[str, Allocation]:
    """Job id → accounting, from rows of FIELDS divided by bars; other lines are no rows."""
    jobs: Dict[str, List[Dict[str, str]]] = {}
    for line in text.splitlines():
        values = line.split("|")
        if len(values) == len(FIELDS) and values[0].partition(".")[0].isdigit():
            jobs.setdefault(values[0].partition(".")[0], []).append(dict(zip(FIELDS, values)))
    return {
        job: _allocation(row, [step for step in rows if step is not row])
        for job, rows in jobs.items()
        for row in rows
        if row["JobIDRaw"] == job
    }


def _allocation(job: Dict[str, str], steps: List[Dict[str, str]]) -> Allocation:
    given = _tres(job["AllocTRES"])
    submitted, started = number(job["Submit"]), number(job["Start"])
    gpus = _gpus(given)
    cpus = number(given.get("cpu"))
    used = [_tres(step["TRESUsageInAve"]) for step in steps]
    utilisation = _largest(number(usage.get("gres/gpuutil")) for usage in used)
    # Several GPUs add up. More than all of them together is how some drivers say that they cannot tell.
    known = gpus > 0 and utilisation is not None and utilisation <= 100 * gpus
    return Allocation(
        state=job["State"].partition(" ")[0],  # "CANCELLED by 1000"
        node=None if job["NodeList"] in ("", "None assigned") else job["NodeList"],
        seconds=number(job["ElapsedRaw"]),
        waiting=None if submitted is None or started is None else max(0.0, started - submitted),
        requested_mb=megabytes(given.get("mem")) or megabytes(job["ReqMem"]),
        requested_minutes=number(job["TimelimitRaw"]),
        cpus=None if cpus is None else int(cpus),
        gpus=gpus,
        max_rss_mb=_largest(megabytes(step["MaxRSS"]) for step in steps),
        gpu_utilisation=utilisation / (100 * gpus) if known else None,
        gpu_memory_mb=_largest(megabytes(usage.get("gres/gpumem")) for usage in used),
    )


def _largest(values: Iterable[Optional[float]]) -> Optional[float]:
    return max((value for value in values if value is not None), default=None)


def _tres(text: str) -> Dict[str, str]:
    """``cpu=1,gres/gpu=2,mem=500M`` as a dictionary."""
    return dict(part.partition("=")[::2] for part in text.split(",") if "=" in part)


def _gpus(given: Dict[str, str]) -> int:
    """GPUs of an allocation: the sum, or, where only models are counted, all of them."""
    plain = number(given.get("gres/gpu"))
    models = (number(value) for name, value in given.items() if name.startswith("gres/gpu:"))
    return int(plain) if plain is not None else int(sum(value or 0 for value in models))


def megabytes(text: Optional[str]) -> Optional[float]:
    """Size as SLURM writes it (``105264K``, ``54.50M``, ``4G``, plain bytes) in MiB; None if it is none."""
    match = SIZE.fullmatch(text or "")
    value = number(match[1]) if match else None
    return value * MB[match[2]] if match and value is not None else None
