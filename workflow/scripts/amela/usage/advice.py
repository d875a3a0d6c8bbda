"""What to change before the next run: sentences with numbers, by rules with stated thresholds.

Nothing is said of what too few jobs have shown, or of what was not measured.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import mean, median
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from amela.usage.jobs import Job
from amela.usage.quantities import duration, hours, percent, size, times
from amela.usage.tables import Imbalance, by_rule, gpu_utilisation, imbalances, known, total

FEWEST_JOBS = 3  # that advice is built on
LOOSE_MEMORY = 3.0  # times what was used; below, a request is prudent
TIGHT_MEMORY = 0.9  # share of the request that was used
SNAKEMAKE_MB = 250  # of the two Snakemakes that start a job on a cluster
MEMORY_MARGIN, MEMORY_STEP = 1.5, 250  # MB
LOOSE_LIMIT = 8.0  # times what was needed
TIGHT_LIMIT = 0.8  # share of the limit that was needed
LIMIT_MARGIN, LIMIT_STEP = 3.0, 15  # minutes
WORTH_MINUTES = 60  # of a limit that is lowered
UNEVEN = 2.0  # slowest shard against the median
WORTH_SECONDS = 60.0  # that a slow shard lasts beyond the median, or that jobs wait
MORE_SPEECH = 1.5  # times the median shard's: then the speech explains the time
START_SECONDS = 20.0  # that a cluster takes to start a job, where accounting does not tell
STARTS_PER_JOB = 5.0  # a job should last so many times what starting it costs
LONG_JOB = 3600.0  # s; shards are not joined into longer ones
IDLE_GPU, UNUSED_GPU = 0.3, 0.05
BUSY_CPU = 0.8

Longest = Callable[[str, int], Optional[Tuple[str, float]]]


@dataclass(frozen=True)
class Advice:
    """A sentence, and the key and value to write: in the configuration, or in the profile."""

    text: str
    key: str
    value: str
    profile: Optional[Tuple[str, str, str]] = None  # section, rule, line

    @property
    def place(self) -> str:
        return "profile" if self.profile else "configuration"


def _in_profile(text: str, rule: str, resource: str, value: str, section: str = "set-resources") -> Advice:
    key = f"{section}: {rule}: {resource}" if resource else f"{section}: {rule}"
    return Advice(text, key, value, (section, rule, f"{resource}: {value}" if resource else value))


def advise(jobs: Sequence[Job], shards: Mapping[str, int], longest: Longest) -> List[Advice]:
    """Everything that the jobs support, the most general first.

    Args:
        jobs: the jobs of the run.
        shards: corpus → number of shards.
        longest: function (corpus, shard) → id and hours of the shard's longest recording, if known.
    """
    rules = by_rule(jobs)
    fewer = dict(_short_jobs(jobs, shards))
    waiting = []
    for rule, group in rules.items():
        for corpus, advice in _waiting(rule, group, {name: n for name, n in shards.items() if name not in fewer}):
            waiting.append(advice)
            if corpus:
                fewer[corpus] = advice
    return [
        *(advice for advice in fewer.values() if advice not in waiting),
        *_uneven_shards(jobs, shards, longest, set(fewer)),
        *(advice for rule, group in rules.items() for advice in _memory(rule, group)),
        *(advice for rule, group in rules.items() for advice in _limit(rule, group)),
        *waiting,
        *(advice for rule, group in rules.items() for advice in _gpus(rule, group)),
    ]


def profile_lines(advice: Iterable[Advice]) -> str:
    """All lines for the profile as one block of YAML: a key may stand there only once."""
    sections: Dict[str, Dict[str, Dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for one in advice:
        if one.profile:
            section, rule, line = one.profile
            sections[section][rule][line] = None
    lines = []
    for section, rules in sections.items():
        lines.append(f"{section}:")
        for rule, values in rules.items():
            if section == "set-threads":
                lines.append(f"  {rule}: {next(iter(values))}")
            else:
                lines += [f"  {rule}:", *(f"    {line}" for line in values)]
    return "\n".join(lines)


def _memory(rule: str, jobs: Sequence[Job]) -> Iterator[Advice]:
    """Memory far above or hardly below what was asked for."""
    both = [job for job in jobs if job.max_rss_mb and job.requested_mb]
    if len(both) < FEWEST_JOBS:
        return
    most, asked = max(known(both, "max_rss_mb")), median(known(both, "requested_mb"))
    needed = _upwards(MEMORY_MARGIN * most + SNAKEMAKE_MB, MEMORY_STEP)
    used = f"{rule} asked for {size(asked)} and used {size(most)} at most in {len(both)} jobs"
    if min(job.requested_mb / job.max_rss_mb for job in both) >= LOOSE_MEMORY and needed <= asked / 2:
        text = f"{used}, {times(asked / most)} less: smaller jobs fit into more gaps."
        yield _in_profile(text, rule, "mem_mb", f'"{needed} * attempt"')
    elif max(job.max_rss_mb / job.requested_mb for job in both) >= TIGHT_MEMORY:
        text = f"{used}: a little more speech, and jobs are killed and tried again."
        yield _in_profile(text, rule, "mem_mb", f'"{needed} * attempt"')


def _minutes(job: Job) -> float:
    """Minutes that count towards a job's limit."""
    return (job.elapsed_seconds if job.elapsed_seconds is not None else job.seconds) / 60


def _limited(jobs: Sequence[Job]) -> List[Job]:
    """Jobs whose time and limit are both known."""
    return [job for job in jobs if job.requested_minutes and job.seconds is not None]


def _enough_minutes(jobs: Sequence[Job]) -> int:
    return _upwards(LIMIT_MARGIN * max(map(_minutes, jobs)), LIMIT_STEP)


def _limit(rule: str, jobs: Sequence[Job]) -> Iterator[Advice]:
    """Time limits far above or hardly below what was needed."""
    jobs = _limited(jobs)
    if len(jobs) < FEWEST_JOBS:
        return
    limit, enough = median(known(jobs, "requested_minutes")), _enough_minutes(jobs)
    needed = f"{rule} may run for {duration(60 * limit)} and took {duration(60 * max(map(_minutes, jobs)))} at most"
    if all(job.requested_minutes >= LOOSE_LIMIT * _minutes(job) for job in jobs) and limit - enough >= WORTH_MINUTES:
        text = f"{needed} in {len(jobs)} jobs: SLURM starts jobs sooner that promise to end sooner."
        yield _in_profile(text, rule, "runtime", f'"{enough} * attempt"')
    elif any(_minutes(job) >= TIGHT_LIMIT * job.requested_minutes for job in jobs):
        text = f"{needed}: a slower node, and jobs are cut off and tried again."
        yield _in_profile(text, rule, "runtime", f'"{enough} * attempt"')


def _waiting(rule: str, jobs: Sequence[Job], shards: Mapping[str, int]) -> Iterator[Tuple[Optional[str], Advice]]:
    """(corpus, advice) for jobs that waited longer than they ran: promise less time, or wait less often."""
    timed = [job for job in _limited(jobs) if job.waiting_seconds is not None]
    if len(timed) < FEWEST_JOBS:
        return
    waited, ran = known(timed, "waiting_seconds"), known(timed, "seconds")
    if sum(waited) <= sum(ran) or median(waited) < WORTH_SECONDS:
        return
    said = (
        f"{rule} waited {duration(median(waited))} for {duration(median(ran))} of work (medians of {len(timed)} jobs)"
    )
    limit, enough = median(known(timed, "requested_minutes")), _enough_minutes(timed)
    if limit >= 2 * enough:
        text = f"{said}: the limit of {duration(60 * limit)} keeps it out of the gaps between other jobs."
        yield None, _in_profile(text, rule, "runtime", f'"{enough} * attempt"')
    elif max(ran) <= LONG_JOB / 2:
        for corpus in sorted({job.corpus for job in timed if job.shard is not None and shards.get(job.corpus, 1) > 1}):
            text = (
                f"{said}: half as many shards of {corpus} wait half as often, in a new run: every stage is made again."
            )
            yield corpus, Advice(text, f"corpora.{corpus}.shards", str(math.ceil(shards[corpus] / 2)))


def _short_jobs(jobs: Sequence[Job], shards: Mapping[str, int]) -> Iterator[Tuple[str, Advice]]:
    """(corpus, advice) where most jobs of a corpus' shards last less than starting them costs on a cluster."""
    for corpus, count in shards.items():
        timed = [job for job in jobs if job.corpus == corpus and job.shard is not None and job.seconds is not None]
        submitted = [job for job in timed if job.elapsed_seconds is not None]
        if count < 2 or len(submitted) < FEWEST_JOBS:
            continue
        cost = median(job.elapsed_seconds - job.seconds for job in submitted)
        cost = max(cost, 1.0) if cost > 0 else START_SECONDS
        short = [job for job in submitted if job.seconds < cost]
        longest = max(known(submitted, "seconds"))
        factor = min(STARTS_PER_JOB * cost / max(mean(known(submitted, "seconds")), 0.1), LONG_JOB / max(longest, 0.1))
        fewer = max(1, math.ceil(count / max(factor, 1.0)))
        if 2 * len(short) > len(submitted) and fewer <= count / 2:
            text = (
                f"{len(short)} of {len(submitted)} jobs on shards of {corpus} ran for less than the {duration(cost)}"
                " that starting one costs. Fewer shards are for a new run: every stage of the corpus is made again."
            )
            yield corpus, Advice(text, f"corpora.{corpus}.shards", str(fewer))


def _uneven_shards(
    jobs: Sequence[Job], shards: Mapping[str, int], longest: Longest, fewer: Set[str]
) -> Iterator[Advice]:
    """One advice a slow shard, whatever the number of rules that it slows down.

    More shards are not for corpora that are to have ``fewer``.
    """
    slow: Dict[Tuple[str, int], List[Imbalance]] = {}
    for one in imbalances(jobs):
        beyond = one.slowest.seconds - one.median_seconds
        if one.ratio and one.ratio > UNEVEN and beyond >= WORTH_SECONDS and one.slowest.corpus in shards:
            slow.setdefault((one.slowest.corpus, one.slowest.shard), []).append(one)
    for (corpus, shard), found in slow.items():
        worst = found[0]
        job, others = worst.slowest, len({one.slowest.rule for one in found} - {worst.slowest.rule})
        text = (
            f"Shard {shard} of {corpus} took {duration(job.seconds)} in {job.rule}, {times(worst.ratio)} the median"
            + (f", and is slow in {others} more rule{'s' if others > 1 else ''}" if others else "")
        )
        if worst.hours_ratio is not None:
            text += f"; it holds {hours(job.hours)} of speech, the median shard {hours(worst.median_hours)}"
        recording = longest(corpus, shard) if (worst.hours_ratio or 0.0) >= MORE_SPEECH else None
        if recording and recording[1] > worst.median_hours:
            name, length = recording
            text += f". More shards do not divide a recording: cut {name} ({hours(length)})."
            yield Advice(text, f"corpora.{corpus}.source", f"recordings of {hours(worst.median_hours)} at most")
        elif corpus not in fewer:
            text += f"; it ran on {job.node}" if job.node else ""
            text += ". Twice as many shards hold up half as long, in a new run: every stage is made again."
            yield Advice(text, f"corpora.{corpus}.shards", str(2 * shards[corpus]))


def _gpus(rule: str, jobs: Sequence[Job]) -> Iterator[Advice]:
    """GPUs that were allocated and had little to do."""
    jobs = [job for job in jobs if job.gpu_seconds and job.gpu_utilisation is not None]
    used = gpu_utilisation(jobs)
    if len(jobs) < FEWEST_JOBS or used is None or used >= IDLE_GPU:
        return
    text = f"{rule} held GPUs for {duration(total(known(jobs, 'gpu_seconds')))} and used them {percent(used)} of it"
    loads = [job.mean_load / (100 * job.cpus) for job in jobs if job.mean_load is not None and job.cpus]
    if used < UNUSED_GPU:
        yield _in_profile(f"{text}: it can do without.", rule, "gpu", "0")
    elif loads and median(loads) >= BUSY_CPU:
        cpus = int(median(known(jobs, "cpus")))
        text += f", while its {cpus} CPU{'s were' if cpus > 1 else ' was'} busy: more threads feed a GPU better."
        yield _in_profile(text, rule, "", str(2 * cpus), section="set-threads")
    else:
        yield Advice(f"{text}: a larger batch fills it.", f"batch of what {rule} works with", "twice as large")


def _upwards(value: float, step: int) -> int:
    """The next multiple of ``step``."""
    return math.ceil(value / step) * step
