"""When jobs end that wait for each other, for places in the queue and for GPUs: list scheduling.

Whenever a place is free, the first job of the list starts whose inputs are there and whose GPUs are free.
"""

from __future__ import annotations

import heapq
from typing import Dict, List, Optional, Sequence, Set, Tuple

from .dry_run import Job


def makespan(
    jobs: Sequence[Job],
    seconds: Dict[str, float],
    parents: Dict[str, Set[str]],
    places: int,
    gpus: Optional[int] = None,
) -> float:
    """Seconds until all ``jobs`` are done.

    ``seconds`` and ``parents`` go by names of jobs; parents outside ``jobs`` are done. ``gpus`` None: no limit.
    Raises ValueError where a job needs more GPUs than there are, or jobs wait for each other in a circle.
    """
    needs = {job.name: gpus_of(job) for job in jobs}
    if gpus is not None and (short := [name for name, need in needs.items() if need > gpus]):
        raise ValueError(f"{short[0]} asks for {needs[short[0]]} GPUs, there are {gpus}")
    order = {job.name: index for index, job in enumerate(jobs)}
    missing = {name: {parent for parent in parents.get(name, ()) if parent in order} for name in order}
    children: Dict[str, List[str]] = {name: [] for name in order}
    for name, above in missing.items():
        for parent in above:
            children[parent].append(name)
    ready = [order[name] for name in order if not missing[name]]
    heapq.heapify(ready)
    running: List[Tuple[float, int]] = []
    names = [job.name for job in jobs]
    free, now, done = gpus, 0.0, 0
    while ready or running:
        free = start(ready, running, names, needs, seconds, places, free, now)
        now, index = heapq.heappop(running)
        done += 1
        free = None if free is None else free + needs[names[index]]
        for child in children[names[index]]:
            missing[child].discard(names[index])
            if not missing[child]:
                heapq.heappush(ready, order[child])
    if done < len(order):
        raise ValueError("jobs wait for each other in a circle")
    return now


def start(
    ready: List[int],
    running: List[Tuple[float, int]],
    names: Sequence[str],
    needs: Dict[str, int],
    seconds: Dict[str, float],
    places: int,
    free: Optional[int],
    now: float,
) -> Optional[int]:
    """Start what can start; returns the GPUs that are left."""
    kept = []
    while ready and len(running) < places:
        index = heapq.heappop(ready)
        need = needs[names[index]]
        if free is not None and need > free:
            kept.append(index)
            continue
        free = None if free is None else free - need
        heapq.heappush(running, (now + seconds[names[index]], index))
    for index in kept:
        heapq.heappush(ready, index)
    return free


def gpus_of(job: Job) -> int:
    """GPUs that a job asks for, in all."""
    return int(job.number("gpu"))
