"""Jobs, as Snakemake's dry run lists them.

The text of ``snakemake -n`` (9.x): a block ``rule NAME:`` or ``localrule NAME:`` with indented lines
``key: value`` for each job, and at the end what there is to say about provenance.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Set, Tuple

HEADER = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$")
LINE = re.compile(r"^    (\w[\w-]*): ?(.*)$")
MISSING = re.compile(r"^Rules with missing metadata: (.*)$")
NOTHING = "Nothing to be done"
SUMMARY = "Job stats:"


class NotADryRun(Exception):
    """The text is not what a dry run says."""


@dataclass(frozen=True)
class Job:
    """One job. ``resources`` are numbers where Snakemake says numbers."""

    rule: str
    wildcards: Tuple[Tuple[str, str], ...] = ()
    input: Tuple[str, ...] = ()
    output: Tuple[str, ...] = ()
    log: Tuple[str, ...] = ()
    benchmark: str = ""
    threads: int = 1  # on each node
    reason: str = ""
    resources: Dict[str, object] = field(default_factory=dict, compare=False, hash=False)

    @property
    def name(self) -> str:
        """``segment corpus=a, shard=0``: what identifies the job in all runs."""
        return " ".join([self.rule, ", ".join(f"{key}={value}" for key, value in self.wildcards)]).strip()

    @property
    def corpus(self) -> str:
        """The corpus that it works on; empty where it works on none or several."""
        return dict(self.wildcards).get("corpus", "")

    @property
    def comment(self) -> str:
        """What the SLURM plugin writes into the job's comment."""
        values = "_".join(value for _, value in self.wildcards).replace("/", "_")
        return f"rule_{self.rule}" + (f"_wildcards_{values}" if values else "")

    @property
    def local(self) -> bool:
        """Whether it runs beside Snakemake, whatever the executor. Dry runs do not tell: such rules state it."""
        return bool(self.number("local"))

    @property
    def cores(self) -> int:
        """On all its nodes."""
        return self.threads * max(1, int(self.number("nodes", 1)))

    def number(self, resource: str, otherwise: float = 0) -> float:
        """A resource as a number."""
        value = self.resources.get(resource, otherwise)
        return value if isinstance(value, (int, float)) else otherwise


@dataclass(frozen=True)
class DryRun:
    """What a dry run lists."""

    jobs: Tuple[Job, ...]
    without_provenance: Tuple[str, ...]  # rules of whose outputs Snakemake does not know how they were made

    def by_name(self) -> Dict[str, Job]:
        return {job.name: job for job in self.jobs}


def parse_dry_run(text: str) -> DryRun:
    """Jobs in the order of the list, each once; targets that make nothing (``all``) are left out.

    Raises NotADryRun where ``text`` has neither jobs nor says that there is nothing to do.
    """
    lines = text.splitlines()
    if SUMMARY not in lines and NOTHING not in text:
        raise NotADryRun(text[-2000:].strip() or "it said nothing")
    jobs = {job.name: job for job in map(make_job, blocks(lines)) if job.output}
    missing = [match[1].split() for match in map(MISSING.match, lines) if match]
    return DryRun(tuple(jobs.values()), tuple(missing[0]) if missing else ())


def blocks(lines: List[str]) -> Iterator[Dict[str, str]]:
    """Rule and fields of each block ``rule NAME:``."""
    block: Dict[str, str] = {}
    for line in lines:
        if header := HEADER.match(line):
            if block:
                yield block
            block = {"rule": header[1]}
        elif not block:
            continue
        elif entry := LINE.match(line):
            block.setdefault(entry[1], entry[2])
        else:
            yield block
            block = {}
    if block:
        yield block


def make_job(block: Dict[str, str]) -> Job:
    """A job of the fields of its block."""
    return Job(
        rule=block["rule"],
        wildcards=tuple(tuple(pair.split("=", 1)) for pair in listed(block.get("wildcards", ""))),
        input=tuple(listed(block.get("input", ""))),
        output=tuple(listed(block.get("output", ""))),
        log=tuple(listed(block.get("log", ""))),
        benchmark=block.get("benchmark", ""),
        threads=int(block.get("threads", 1)),
        reason=block.get("reason", ""),
        resources=dict(map(resource, listed(block.get("resources", "")))),
    )


def listed(text: str) -> List[str]:
    """Snakemake joins by comma and space. The remark behind a log of a failed job is left out."""
    return [part for part in text.partition(" (check log file")[0].split(", ") if part]


def resource(text: str) -> Tuple[str, object]:
    """``mem_mb=1000`` to a name and a number, or text where it is none."""
    key, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        return key, value
    return key, int(number) if number.is_integer() else number


def parents(jobs: Tuple[Job, ...]) -> Dict[str, Set[str]]:
    """Job → the jobs of ``jobs`` that make its inputs, by name."""
    makers = {path: job.name for job in jobs for path in job.output}
    graph: Dict[str, Set[str]] = defaultdict(set)
    for job in jobs:
        graph[job.name].update(makers[path] for path in job.input if path in makers)
    return graph
