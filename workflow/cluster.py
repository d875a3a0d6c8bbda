"""What is checked when a run on SLURM starts: settings and versions that are known to lose work.

Used by the ``onstart`` of the Snakefile. The faults were found with version 2.8.0 of the executor plugin;
docs/cluster.md tells what happens in each.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import subprocess
import sys
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, List, Optional

PLUGIN = "snakemake-executor-plugin-slurm"
TESTED = "2.8.0"
PLACEHOLDER = "CHANGE-ME"  # the account of profiles/slurm before somebody fills it in
CONTROLLER = Path("logs", "controller.json")
OWN_COMMANDS = Path(__file__).resolve().parent / "bin"


def write_controller() -> None:
    """Note which process controls this run, so that ``make rescue`` knows whether it is still alive."""
    content = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": sys.argv,
    }
    CONTROLLER.parent.mkdir(parents=True, exist_ok=True)
    CONTROLLER.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def is_slurm(executor_settings: Any) -> bool:
    """Whether these are the settings of the SLURM plugin."""
    return type(executor_settings).__module__ == PLUGIN.replace("-", "_")


def use_own_sbatch() -> None:
    """Let this process, the controller, submit by ``bin/sbatch``, which waits while SLURM is away."""
    os.environ["PATH"] = os.pathsep.join([str(OWN_COMMANDS), os.environ["PATH"]])


def slurm_warnings(settings: Any, retries: int, force_incomplete: bool) -> List[str]:
    """One line for each version or setting that is known to lose jobs or results."""
    version = metadata.version(PLUGIN)
    age = min_job_age(_said("scontrol", "show", "config"))
    used = listed_partitions(settings.partition_config)
    cancelling = [
        name for name in cancelling_partitions(_said("scontrol", "show", "partition")) if not used or name in used
    ]
    first_check = settings.init_seconds_before_status_checks or 40
    checks = [
        (version != TESTED, f"{PLUGIN} {version} is installed, {TESTED} was tested: try `make test-cluster`"),
        (settings.array_jobs, "job arrays lose finished outputs and drop jobs: leave slurm-array-jobs out"),
        (settings.status_command != "squeue", "a cancelled job is never noticed: set slurm-status-command: squeue"),
        (
            age is not None and age < 3 * first_check,
            f"the cluster forgets finished jobs after {age} s (MinJobAge), so that sacct is asked, which never"
            f" notices a cancelled job: set slurm-init-seconds-before-status-checks to {(age or 0) // 3} or less",
        ),
        (
            (settings.status_attempts or 5) < 100,
            "a short absence of SLURM ends in waiting for ever: set slurm-status-attempts: 1800",
        ),
        (not settings.requeue, "a preempted job is never noticed: set slurm-requeue: true"),
        (
            cancelling,
            f"preemption cancels jobs in {', '.join(cancelling)}, which is never noticed: keep these out of"
            " partitions.yaml; if a run hangs there, stop it, `make rescue`, start again",
        ),
        (not retries, "a job that is cancelled or runs out of time or memory is given up: set retries: 3"),
        (not force_incomplete, "after a kill nothing goes on by itself: set rerun-incomplete: true"),
    ]
    return [line for failed, line in checks if failed]


def missing_account(account: Optional[str]) -> Optional[str]:
    """What to do where the profile names no account."""
    if account and account.strip("'\"") != PLACEHOLDER:
        return None
    found = _said("sacctmgr", "-nP", "list", "associations", f"user={getpass.getuser()}", "format=account")
    accounts = sorted(set(found.split()))
    return (
        f"slurm_account: write your account into profiles/slurm/config.yaml ({', '.join(accounts) or 'see sacctmgr'})"
    )


def min_job_age(config: str) -> Optional[int]:
    """Seconds after which SLURM forgets a finished job, from ``scontrol show config``; None where it is not said."""
    found = re.search(r"^MinJobAge\s*=\s*(\d+)", config, re.MULTILINE)
    return int(found[1]) if found else None


def cancelling_partitions(partitions: str) -> List[str]:
    """Partitions whose jobs are cancelled when others need their place, from ``scontrol show partition``."""
    found = re.findall(r"^PartitionName=(\S+)(.*?)(?=^PartitionName=|\Z)", partitions, re.MULTILINE | re.DOTALL)
    return [name for name, limits in found if re.search(r"PreemptMode=CANCEL", limits)]


def listed_partitions(table: Optional[Path]) -> List[str]:
    """Names in the profile's table of partitions; none where there is no table."""
    if table is None or not Path(table).is_file():
        return []
    import yaml  # tools/steering imports this module without it

    return list((yaml.safe_load(Path(table).read_text("utf-8")) or {}).get("partitions") or {})


def _said(*command: str) -> str:
    """Standard output of a command; nothing where it fails or is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
