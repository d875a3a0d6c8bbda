"""tools/steering/schedule.py against a simulation second by second."""

import random

import pytest

from steering.dry_run import Job
from steering.schedule import makespan


def jobs_of(gpus):
    return [Job(f"j{index}", resources={"gpu": need}) for index, need in enumerate(gpus)]


def slow(jobs, seconds, parents, places, gpus):
    """The same rule, one second after the other."""
    left, running, done, now = [job.name for job in jobs], {}, set(), 0
    need = {job.name: job.resources["gpu"] for job in jobs}
    while left or running:
        for name in [name for name, end in running.items() if end <= now]:
            del running[name]
            done.add(name)
        for name in list(left):
            fits = len(running) < places and sum(need[other] for other in running) + need[name] <= gpus
            if fits and parents[name] <= done:
                left.remove(name)
                running[name] = now + seconds[name]
        now += 1 if left or running else 0
    return max(now, 0)


@pytest.mark.parametrize("seed", range(20))
def test_as_a_simulation_second_by_second(seed):
    random.seed(seed)
    jobs = jobs_of(random.choices([0, 1, 2], k=12))
    names = [job.name for job in jobs]
    seconds = {name: random.randint(1, 9) for name in names}
    parents = {
        name: set(random.sample(names[:index], min(index, random.randint(0, 2)))) for index, name in enumerate(names)
    }
    assert makespan(jobs, seconds, parents, 3, 2) == slow(jobs, seconds, parents, 3, 2)


def test_by_hand():
    jobs, seconds = jobs_of([0, 0, 0]), {"j0": 4.0, "j1": 4.0, "j2": 1.0}
    assert makespan(jobs, seconds, {}, 3) == 4
    assert makespan(jobs, seconds, {}, 2) == 5
    assert makespan(jobs, seconds, {"j2": {"j0", "done before"}}, 3) == 5
    assert makespan([], {}, {}, 1) == 0


def test_gpus_are_the_narrow_place():
    jobs, seconds = jobs_of([1, 1, 1, 1, 0]), dict.fromkeys(["j0", "j1", "j2", "j3", "j4"], 10.0)
    assert makespan(jobs, seconds, {}, 100, gpus=1) == 40
    assert makespan(jobs, seconds, {}, 100, gpus=2) == 20
    assert makespan(jobs, seconds, {}, 100) == 10


def test_what_never_ends_is_refused():
    jobs = jobs_of([2, 0])
    with pytest.raises(ValueError, match="j0 asks for 2 GPUs, there are 1"):
        makespan(jobs, {"j0": 1, "j1": 1}, {}, 1, gpus=1)
    with pytest.raises(ValueError, match="circle"):
        makespan(jobs, {"j0": 1, "j1": 1}, {"j0": {"j1"}, "j1": {"j0"}}, 1)
