"""Who holds a lock, and whether that job still runs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional, Tuple

AT_WORK = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT"}  # may still write
SQUEUE_TIMEOUT = 60  # s


@dataclass(frozen=True)
class Holder:
    """A job that holds a lock."""

    token: str  # of this lock alone
    machine: str  # host, its boot, its process ids: the same text, the same processes
    node: str  # name for people
    pid: int
    started: int  # of the process, in ticks since the boot: process ids are used again
    slurm_job: Optional[str]
    slurm_cluster: Optional[str]
    since: str  # UTC, for people

    @classmethod
    def here(cls) -> Holder:
        """This process."""
        return cls(
            token=secrets.token_hex(8),
            machine=_machine(),
            node=os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
            pid=os.getpid(),
            started=(_process(os.getpid()) or ("", 0))[1],
            slurm_job=os.environ.get("SLURM_JOB_ID"),
            slurm_cluster=os.environ.get("SLURM_CLUSTER_NAME"),
            since=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Holder:
        """Raises ValueError or TypeError when ``text`` is no holder."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        job = f"SLURM job {self.slurm_job}, " if self.slurm_job else ""
        return f"{job}process {self.pid} on {self.node}, since {self.since}"

    def runs(self) -> Optional[bool]:
        """Whether it still runs; None where this machine cannot know.

        A process of this machine is looked for, a SLURM job of this cluster asked about (another
        cluster knows nothing of it, or has one of the same number). A stopped process and a
        suspended job run: they may go on at any time.
        """
        if self.machine == _machine():
            found = _process(self.pid)
            return found is not None and found[0] not in "ZX" and found[1] == self.started
        if self.slurm_job and self.slurm_cluster == os.environ.get("SLURM_CLUSTER_NAME"):
            # This very job holds it, on another machine: before SLURM put it back into the queue.
            return False if self.slurm_job == os.environ.get("SLURM_JOB_ID") else _slurm_job_runs(self.slurm_job)
        return None


def _machine() -> str:
    """Two containers, or a machine before and after a boot, have the same host name and other processes."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux
        return socket.gethostname()


def _process(pid: int) -> Optional[Tuple[str, int]]:
    """State (a letter) and start of a process of this machine; None if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None if Path("/proc/self/stat").exists() else _process_without_proc(pid)
    fields = stat.rpartition(")")[2].split()  # the name before may hold anything
    return fields[0], int(fields[19])


def _process_without_proc(pid: int) -> Optional[Tuple[str, int]]:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # somebody else's
        pass
    return "R", 0


def _slurm_job_runs(job: str) -> Optional[bool]:
    if not shutil.which("squeue"):
        return None
    command = ["squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SQUEUE_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return False if "Invalid job id" in done.stderr else None
    return not AT_WORK.isdisjoint(done.stdout.split())
