"""After a killed controller: nothing that it left is lost, written twice or of unknown origin.

What a job makes after its controller's death Snakemake keeps, but has no record of how it was made, so that
it would never be made again whatever settings change. Such results are put on record with the configuration
of their run (results/run_config.yaml); where the code has changed since, they are deleted.
"""

from __future__ import annotations

import shlex
import shutil
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Dict, List, Optional

from .dry_run import DryRun, Job
from .invocation import Invocation
from .orphans import Say
from .processes import is_locked
from .run_log import Run
from .table import aligned

FORCED = "Forced execution"
RUN_CONFIG = Path("results", "run_config.yaml")


def put_in_order(snakemake: Invocation, newest: Optional[Run], say: Say) -> DryRun:
    """Unlock, put results on record that were made without a controller; returns what remains to be made."""
    if is_locked(snakemake.folder):
        snakemake.run("--unlock")
        say("unlocked")
    remaining = snakemake.dry_run()
    unrecorded = made_alone(newest, remaining)
    if not unrecorded or newest is None:
        return remaining
    if changed := changed_since(newest.began, workflow_files(newest)):
        delete(unrecorded, snakemake.folder)
        say(f"deleted what {listed(unrecorded)} made after the controller's death: {changed} was changed since")
    else:
        record(unrecorded, snakemake)
        say(f"kept what {listed(unrecorded)} made after the controller's death")
    return snakemake.dry_run()


def made_alone(newest: Optional[Run], remaining: DryRun) -> List[Job]:
    """Jobs that the newest run started, whose end it did not see, and that are done nevertheless."""
    if newest is None or newest.ended or not remaining.without_provenance:
        return []
    left = remaining.by_name()
    return [
        started.job
        for name, started in newest.jobs.items()
        if started.state == "started" and name not in left and started.job.rule in remaining.without_provenance
    ]


def listed(jobs: List[Job]) -> str:
    """``2 jobs (asr 1, vad 1)``."""
    counts = Counter(job.rule for job in jobs)
    return f"{len(jobs)} jobs ({', '.join(f'{rule} {number}' for rule, number in counts.items())})"


def workflow_files(run: Run) -> List[Path]:
    """Code that decides how results are made."""
    folder = Path(run.snakefile).parent
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def changed_since(began: Optional[datetime], files: List[Path]) -> Optional[Path]:
    """The first file that is newer than a run; any, where its beginning is not known."""
    return next((path for path in files if began is None or path.stat().st_mtime > began.timestamp()), None)


def record(jobs: List[Job], snakemake: Invocation) -> None:
    """Let Snakemake note these jobs as done, with the settings of the run that started them."""
    targets = [job.output[0] for job in jobs]
    snakemake.with_config(RUN_CONFIG).run(*targets, "--touch", "--force", "--no-hooks", "--cores", "1")


def delete(jobs: List[Job], folder: Path) -> None:
    for path in (folder / name for job in jobs for name in job.output):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def what_remains(remaining: DryRun) -> str:
    """Jobs of each rule that will run, and why."""
    if not remaining.jobs:
        return "nothing remains to be made"
    reasons: Dict[str, Counter] = defaultdict(Counter)
    for job in remaining.jobs:
        reasons[job.rule].update(kinds(job.reason))
    numbers = Counter(job.rule for job in remaining.jobs)
    rows = [
        (rule, f"{number:>4}", ", ".join(f"{kind.lower()} ({count})" for kind, count in reasons[rule].items()))
        for rule, number in numbers.items()
    ]
    return aligned(("rule", "jobs", "why"), rows, left=3)


def how_to_go_on(snakemake: Invocation, newest: Optional[Run]) -> str:
    """Command line of the next run: as before, or with the options that are known."""
    if newest is None:
        return shlex.join(snakemake.command("--rerun-incomplete"))
    wrapper = "".join(f"{part} " for part in snakemake.snakemake[:-1])
    told = newest.profile or "--rerun-incomplete" in newest.command
    return wrapper + newest.command + ("" if told else " --rerun-incomplete")


def kinds(reason: str) -> List[str]:
    """Reasons without the files that they name; what was left unfinished is forced by ``--rerun-incomplete``."""
    names = (part.partition(":")[0].strip() for part in reason.split("; ") if part)
    return list(dict.fromkeys("left unfinished" if name == FORCED else name for name in names))
