"""The page: time, memory, GPUs and waiting of a run, and what to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence

from amela.report.template import render
from amela.usage import quantities
from amela.usage.advice import Longest, advise, profile_lines
from amela.usage.jobs import Job
from amela.usage.tables import imbalances, rule_rows, slowest_shards, totals

TEMPLATE = Path(__file__).resolve().parents[3] / "report" / "usage.html.j2"
STRIP = 200  # places on the strip that shows how long the jobs of a rule took


def build_page(jobs: Sequence[Job], shards: Mapping[str, int], longest: Longest, problem: Optional[str]) -> str:
    """The page as HTML.

    Args:
        jobs: the jobs of the run.
        shards: corpus → number of shards.
        longest: function (corpus, shard) → id and hours of the shard's longest recording, if known.
        problem: why SLURM's accounting is not there, if it was asked for.
    """
    advice = advise(jobs, shards, longest)
    content = {
        "totals": totals(jobs),
        "on_slurm": any(job.slurm_job for job in jobs),
        "shared": sum(job.state is not None and job.elapsed_seconds is None for job in jobs),
        "problem": problem,
        "rules": [{**row, "strip": strip(row["seconds"])} for row in rule_rows(jobs)],
        "imbalances": imbalances(jobs),
        "slowest": slowest_shards(jobs),
        "advice": advice,
        "profile_lines": profile_lines(advice),
    }
    filters = {name: getattr(quantities, name) for name in ("duration", "size", "percent", "hours", "times")}
    return render(TEMPLATE, filters, content)


def strip(seconds: Sequence[float]) -> List[Any]:
    """Places from 0 to STRIP (the longest job) where jobs stand, each once."""
    longest = max(seconds, default=0.0)
    return sorted({round(STRIP * value / longest) for value in seconds}) if longest else []
