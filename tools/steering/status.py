"""What ``make status`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

from .progress import Progress, Stage
from .run_log import Run, Started
from .table import aligned, block, duration, fold

TAIL = 8  # lines of a failed job's log
SHOWN = 5  # jobs of a list
HEADER = ("stage", "all", "done", "running", "waiting", "failed", "rejected", "filtered")


def as_text(progress: Progress, newest: Optional[Run], folder: Path) -> str:
    """The whole page."""
    parts = [of_run(progress, newest), *tables(progress.stages)]
    if progress.running:
        parts.append(block("running", running(progress)))
    if progress.failures:
        parts.append(failures(progress.failures, folder))
    parts.append(outlook(progress))
    return "\n\n".join(parts + advice(progress))


def of_run(progress: Progress, newest: Optional[Run]) -> str:
    """One line on the newest run."""
    if newest is None:
        return "run: none yet"
    state = {True: "goes on", None: f"on {newest.host}: whether it goes on cannot be told from here"}.get(
        progress.alive, "ended" if newest.ended else "was killed"
    )
    began = newest.began.isoformat(" ") if newest.began else "at an unknown time"
    return f"run: began {began}, {state}; log {newest.path.as_posix()}"


def tables(stages: List[Stage]) -> List[str]:
    """A table for each corpus, and one for what belongs to none."""
    parts = []
    for corpus in dict.fromkeys(stage.corpus for stage in stages):
        rows = [row(stage) for stage in stages if stage.corpus == corpus]
        parts.append(block(f"corpus {corpus}" if corpus else "models and report", aligned(HEADER, rows)))
    return parts


def row(stage: Stage) -> List[object]:
    counts = (stage.running, stage.waiting, stage.failed, stage.rejected.rejected, stage.rejected.filtered)
    return [stage.rule, stage.all, stage.done, *(value or "·" for value in counts)]


def running(progress: Progress) -> str:
    """The jobs that have been running longest."""
    lines = [
        f"{job.name}, {attempt(progress.attempts.get(job.name, 1))}for {duration(seconds)}"
        for job, seconds in progress.running[:SHOWN]
    ]
    return "\n".join(lines + more(len(progress.running)))


def attempt(number: int) -> str:
    return f"attempt {number}, " if number > 1 else ""


def more(number: int) -> List[str]:
    return [f"… and {number - SHOWN} more"] if number > SHOWN else []


def failures(failed: List[Started], folder: Path) -> str:
    """The first failure with the end of its log, the others by name."""
    first, others = failed[0], failed[1:]
    lines = [first.message] if first.message else []
    if first.submitted:
        lines += log_tail(first, folder)
    text = block(f"first failure: {first.job.name}", "\n".join(lines))
    names = [failure.job.name for failure in others[:SHOWN]] + more(len(others))
    return text + ("\n" + block("also failed", "\n".join(names)) if others else "")


def log_tail(failure: Started, folder: Path) -> List[str]:
    """Path and last lines of the first of its logs that says anything."""
    paths = list(failure.logs or failure.job.log)
    for path in paths:
        lines = tail(folder / path)
        if lines:
            return [f"{path}:", *(f"  {line}" for line in lines)]
    return [f"{', '.join(paths) or 'its log'}: empty or not there"]


def tail(path: Path) -> List[str]:
    """Last lines of a file that may be long; none where it cannot be read."""
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - 20_000))
            return handle.read().decode("utf-8", "replace").splitlines()[-TAIL:]
    except OSError:
        return []


def outlook(progress: Progress) -> str:
    """Sums, and how long the rest will take."""
    left = progress.total("all") - progress.total("done")
    lines = [f"{progress.total('done')} of {progress.total('all')} jobs are done, {left} remain"]
    if progress.queued:
        lines[0] += f" ({progress.queued} wait in SLURM's queue)"
    if progress.attempts:
        lines.append(f"{len(progress.attempts)} of them are tried again after a failure")
    if progress.blocked is not None:
        number = len(progress.failures)
        lines.append(f"the run has ended with failures: {number} jobs failed, {progress.blocked} wait for them")
    elif left:
        missing = ", ".join(f"{rule} ({number})" for rule, number in progress.unmeasured.items())
        least = "at least " if missing and progress.seconds_left is not None else ""
        gpus = "" if progress.gpus is None else f" and {progress.gpus} GPUs"
        places = f"{progress.places} jobs{gpus} at once, no queue"
        lines.append(f"time left: {least}{duration(progress.seconds_left)}, {places}")
        if missing:
            lines.append(fold(f"no benchmark yet of: {missing}"))
    return "\n".join(lines)


def advice(progress: Progress) -> List[str]:
    """What is odd, and what to do about it."""
    lines = list(progress.remarks)
    if progress.orphans:
        lines.append(f"{progress.orphans} jobs in SLURM's queue have no controller any more: `make rescue`")
    if progress.without_provenance and not progress.alive:
        rules = " ".join(progress.without_provenance)
        lines.append(
            f"how some results of {rules} were made is not on record, as their controller was killed: a change of"
            f" settings would not make them again. `make rescue`, before the next run, puts them on record if code"
            f" and configuration are still those of theirs; `snakemake --forcerun {rules} ...` makes them again."
        )
    return [fold("\n".join(lines))] if lines else []
