"""What ``make plan`` prints."""

from __future__ import annotations

from typing import List

from resources import UNKNOWN_HOURS

from .plan import Cost, Plan
from .table import aligned, duration, fold, hours, size

HEADER = ("rule", "jobs", "CPU h", "GPU h", "disk", "longest", "rests on")
TO_DO = (
    "against warnings: other `shards` of a corpus (more for long jobs, fewer for full folders), `set-resources` in the"
    " profile for other limits, `lms: gpu` for long trainings; docs/cluster.md"
)
GPUS = "of GPUs no speed is known: their jobs count as if cores alone did the work, most likely too long"
BASES = {
    "measured": "benchmarks of this project",
    "stated": "what the rules expect of one core (workflow/resources.py), divided over the job's cores",
    "limit": "the whole of a job's time limit, as nothing better is known",
    "local": "runs beside Snakemake itself, in seconds",
}


def as_text(plan: Plan) -> str:
    """The whole page."""
    if not plan.costs:
        return "nothing remains to be made (--all: as if nothing were there)"
    rows = [row(cost) for cost in plan.costs]
    parts = [aligned(HEADER, [*rows, total(plan.costs)]), legend(plan), wall(plan)]
    if plan.assumed:
        names = ", ".join(plan.assumed)
        parts.append(
            f"hours of {names} are not counted yet and assumed to be {UNKNOWN_HOURS:g} a shard:"
            f' make the inventory first, or say them, for example\nmake plan ARGS="--hours {plan.assumed[0]}=833"'
        )
    if plan.notes:
        parts.append("\n".join(f"note: {line}" for line in plan.notes))
    if plan.warnings:
        parts += ["\n".join(f"warning: {line}" for line in plan.warnings), TO_DO]
    return "\n\n".join(parts[:1] + [fold(part) for part in parts[1:]])


def row(cost: Cost) -> List[str]:
    basis = max(cost.basis, key=cost.basis.__getitem__) if len(cost.basis) == 1 else "mixed"
    return [cost.rule, f"{cost.jobs:,}", *sums([cost]), duration(cost.longest), basis]


def sums(costs: List[Cost]) -> List[str]:
    cpu, gpu = sum(cost.cpu_hours for cost in costs), sum(cost.gpu_hours for cost in costs)
    disk = sum(cost.disk_mb for cost in costs)
    return [hours(cpu), hours(gpu) if gpu else "·", size(disk) if disk else "·"]


def total(costs: List[Cost]) -> List[str]:
    return ["all", f"{sum(cost.jobs for cost in costs):,}", *sums(costs), "", ""]


def legend(plan: Plan) -> str:
    """What the numbers rest on."""
    used = {basis for cost in plan.costs for basis in cost.basis}
    lines = [f"{basis}: {text}" for basis, text in BASES.items() if basis in used]
    return "\n".join(lines + [GPUS] * any(cost.gpu_hours and "stated" in cost.basis for cost in plan.costs))


def wall(plan: Plan) -> str:
    """Time until the end, and what it supposes."""
    means = plan.means
    gpus = "any number of GPUs" if means.gpus is None else f"{means.gpus} GPUs"
    return (
        f"wall time: {duration(plan.wall_seconds)} with {means.places} jobs and {gpus} at once"
        " (list scheduling over the graph: whenever there is room the first job starts whose inputs are there;"
        " every first attempt succeeds, no waiting in the cluster's queue)"
    )
