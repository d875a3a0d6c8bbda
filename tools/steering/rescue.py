"""After a killed controller: nothing that it left is lost, written twice or of unknown origin.

What a job makes after its controller's death Snakemake keeps, but has no record of how it was made, so that
it would never be made again whatever settings change. Such results are put on record with the configuration
of their run (results/run_config.yaml). Where the code has changed since, or that configuration is not kept,
they stay without a record, and it is said how to make them again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Dict, List, Optional

from .dry_run import DryRun, Job
from .invocation import Invocation
from .orphans import Say, refuse_beside_controller
from .processes import is_locked
from .progress import failed_jobs
from .run_log import Run
from .table import aligned, fold

FORCED = "Forced execution"
RUN_CONFIG = Path("results", "run_config.yaml")  # written by every run when it starts
CLOCK = 2.0  # s; file systems and logs may count whole seconds


def put_in_order(snakemake: Invocation, newest: Optional[Run], force: bool, say: Say) -> DryRun:
    """Unlock, put results on record that were made without a controller; returns what remains to be made.

    Raises Refused where a controller has come since it was last looked for. One that comes later meets the lock.
    """
    locked = is_locked(snakemake.folder)
    refuse_beside_controller(snakemake.folder, force)
    if locked:
        snakemake.run("--unlock")
        say("unlocked")
    remaining = snakemake.dry_run()
    unrecorded = made_alone(newest, remaining)
    if not unrecorded or newest is None:
        return remaining
    if doubt := doubt_about(newest, snakemake.folder):
        rules = " ".join(dict.fromkeys(job.rule for job in unrecorded))
        say(
            fold(
                f"kept what {listed(unrecorded)} made after the controller's death, but not on record: {doubt}."
                f" `--forcerun {rules}` makes it again; `make status` will go on naming these rules."
            )
        )
        return remaining
    record(unrecorded, snakemake)
    say(f"put on record what {listed(unrecorded)} made after the controller's death")
    return snakemake.dry_run()


def doubt_about(run: Run, folder: Path) -> str:
    """Why code or settings of a run's jobs may be others than those that are there now; empty where they are not."""
    if changed := changed_since(run.began, workflow_files(run)):
        return f"{changed} was changed since"
    if not is_config_of(run, folder / RUN_CONFIG):
        return f"{RUN_CONFIG} is not of that run"
    return ""


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


def is_config_of(run: Run, path: Path) -> bool:
    """Whether the configuration was written between the beginning of this run and its first job.

    Every start writes it, also that of a run that then makes nothing.
    """
    if run.began is None or run.first_job is None or not path.is_file():
        return False
    return run.began.timestamp() - CLOCK <= path.stat().st_mtime <= run.first_job.timestamp() + CLOCK


def record(jobs: List[Job], snakemake: Invocation) -> None:
    """Let Snakemake note these jobs as done, with the settings of the run that started them."""
    targets = [job.output[0] for job in jobs]
    snakemake.with_config(RUN_CONFIG).run(*targets, "--touch", "--force", "--no-hooks", "--cores", "1")


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


def first_failure(remaining: DryRun, newest: Run) -> str:
    """What failed first in a run that ended, and is still to be made; empty where nothing did."""
    failures = failed_jobs(remaining.jobs, newest, ()) if newest.ended else []
    if not failures:
        return ""
    said = f": {' '.join(failures[0].message.split())}" if failures[0].message else ""
    return fold(
        f"the newest run ended with failures ({len(failures)}, `make status` shows more);"
        f" the first: {failures[0].job.name}{said}"
    )


def how_to_go_on(snakemake: Invocation, newest: Run) -> str:
    """Command line of the next run: as before."""
    wrapper = "".join(f"{part} " for part in snakemake.snakemake[:-1])
    told = newest.profile or "--rerun-incomplete" in newest.command
    return wrapper + newest.command + ("" if told else " --rerun-incomplete")


def kinds(reason: str) -> List[str]:
    """Reasons without the files that they name; what was left unfinished is forced by ``--rerun-incomplete``."""
    names = (part.partition(":")[0].strip() for part in reason.split("; ") if part)
    return list(dict.fromkeys("left unfinished" if name == FORCED else name for name in names))
