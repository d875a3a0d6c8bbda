"""What jobs cost: time, memory and disk for an hour of speech. Used by rules/common.smk and ``make plan``.

The rates are of one core, measured (docs/performance.md) and rounded up; limits that are asked of a
cluster are a multiple of them, and grow with every attempt.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

INVENTORY = "results/corpora/{corpus}/inventory/summary.json"
RECEIPT = "results/models/encoders/{encoder}/checkpoint.json"
TOLD_HOURS = "AMELA_HOURS"  # set by tools/steering; JSON: corpus → hours, of those without an inventory
UNKNOWN_HOURS = 10.0  # of a shard whose recordings have not been counted yet
MARGIN = 4  # times what the rate says: other processors, slow disks
START_MINUTES = 15  # for making ready: environment, imports, a busy file system
DAY = 1_440  # minutes; jobs that go on where they were stopped are asked for in days at most


@dataclass(frozen=True)
class Rate:
    """Cost of one job, as a function of the hours of speech that it works on."""

    cpu: float  # hours of one core an hour
    memory: int = 1_000  # MB, whatever the hours
    memory_hour: float = 0.0  # MB more for each hour
    memory_uncut: float = 0.0  # MB more for each hour of the longest recording, where recordings are not cut
    disk: float = 0.0  # MB written an hour
    goes_on: bool = False  # after its time is up, where it was stopped


# Of 24 blocks of 1024 (WEIGHTS); those of 12 × 768 take a quarter of the time, larger ones more (``of_size``).
TRANSFORMERS = {
    "hf": Rate(0.8, memory=4_000),
    "fairseq": Rate(0.8, memory=4_000),
    "textless": Rate(0.8, memory=6_000),
    "hf-gpu": Rate(0.01, memory=8_000),
    "fairseq-gpu": Rate(0.01, memory=8_000),
}
WEIGHTS = 1_300.0  # MB

# rule, or rule:backend where backends differ
RATES: Dict[str, Rate] = {
    "inventory": Rate(0.0002, memory=1_000, disk=0.1),  # of recordings of 4 s; of longer ones less
    "segment:none": Rate(0.003, disk=60),
    "segment:silence": Rate(0.003, disk=60),
    "segment:adaptive": Rate(0.003, disk=60),
    "segment:vad": Rate(0.02, disk=60),
    "vad_infer:silero": Rate(0.005, memory_uncut=800, disk=0.5),
    "vad_infer:ten": Rate(0.015, memory_uncut=800, disk=0.5),
    "vad_infer:webrtc": Rate(0.001, memory_uncut=800, disk=0.5),
    "vad_infer:energy": Rate(0.001, memory_uncut=800, disk=0.5),
    "vad": Rate(0.001, memory_hour=5, disk=0.5),
    "manifest": Rate(0.001, memory_hour=2, disk=0.3),
    "encode": Rate(0.004, memory=2_000, memory_hour=400, memory_uncut=1_800, disk=5),
    **{
        f"encode:{backend}": replace(rate, memory_hour=1_200, memory_uncut=1_200, disk=5)
        for backend, rate in TRANSFORMERS.items()
    },
    "checkpoint": Rate(0.0),  # beside Snakemake itself
    "codebook_import": Rate(0.0, memory=8_000),  # the encoder is built, to ask what it gives
    "normalize": Rate(0.0001, disk=0.1),
    "kmeans_fit": Rate(0.1, memory_hour=300),
    "kmeans_assign": Rate(0.005, memory=2_000, memory_hour=3, disk=0.5, goes_on=True),
    **{f"kmeans_assign:{backend}": replace(rate, disk=0.5, goes_on=True) for backend, rate in TRANSFORMERS.items()},
    "bpe_train": Rate(0.002, memory=2_000, memory_hour=30),
    "bpe_apply": Rate(0.001, memory_hour=10, disk=2),
    "motifs": Rate(0.001, memory_hour=2),
    "vocoder_train": Rate(0.01, memory=2_000),
    "resynth:griffinlim": Rate(0.05, memory_hour=2, memory_uncut=500, disk=60, goes_on=True),
    "resynth:codehifigan": Rate(0.3, memory=2_000, memory_hour=2, memory_uncut=1_000, disk=60, goes_on=True),
    "resynth:textless": Rate(0.4, memory=3_000, memory_hour=2, memory_uncut=70_000, disk=60, goes_on=True),
    "resynth:codehifigan-gpu": Rate(0.01, memory=6_000, memory_hour=2, memory_uncut=1_000, disk=60, goes_on=True),
    "asr:pocketsphinx": Rate(0.3, memory_hour=8, disk=0.5, goes_on=True),
    "asr": Rate(6.0, memory=24_000, memory_hour=2, disk=0.5, goes_on=True),  # canary-qwen, and whom nobody has measured
    "asr:canary-qwen-gpu": Rate(0.01, memory=24_000, memory_hour=2, disk=0.5, goes_on=True),
    "asr:parakeet": Rate(0.5, memory=8_000, memory_hour=8, disk=0.5, goes_on=True),
    "asr:parakeet-gpu": Rate(0.002, memory=8_000, memory_hour=8, disk=0.5, goes_on=True),
    "asr_score": Rate(0.0005, memory_hour=2),
    "merge": Rate(0.0005, memory_hour=2, disk=0.5),
    "export": Rate(0.001, memory_hour=5, disk=20),  # the largest: every unit with its times
    "features": Rate(0.004, memory=2_000, memory_hour=2, memory_uncut=1_800, disk=60, goes_on=True),
    **{
        f"features:{backend}": replace(rate, memory=rate.memory + 4_000, memory_uncut=1_200, disk=750, goes_on=True)
        for backend, rate in TRANSFORMERS.items()
    },
    "s3prl_upstream": Rate(0.0),
    "lm_train": Rate(0.005, memory=3_000, memory_hour=2, goes_on=True),  # an epoch
    "lm_score": Rate(0.001, memory=3_000, memory_hour=2),  # the test part alone
    "lm_select": Rate(0.0),
    "usage": Rate(0.0, memory=2_000),
    "report": Rate(0.0005, memory=3_000, memory_hour=0.5),
}


def rate_of(rule: str, backend: str = "") -> Rate:
    """Rate of a rule with a backend. Raises KeyError if there is none."""
    return RATES[f"{rule}:{backend}"] if f"{rule}:{backend}" in RATES else RATES[rule]


def of_size(rate: Rate, weights: float) -> Rate:
    """Rate of a model with so many MB of weights: time as they are, memory to read them and build the model."""
    more = max(0.0, weights - WEIGHTS)
    return replace(rate, cpu=rate.cpu * (1 + more / WEIGHTS), memory=math.ceil(rate.memory + 2 * more))


def memory_mb(rate: Rate, hours: float, attempt: int = 1, uncut: float = 0.0) -> int:
    """MB to ask for; twice and three times as much on the second and third attempt.

    ``uncut``: hours of the longest recording, where recordings are not cut.
    """
    return math.ceil(rate.memory + rate.memory_hour * hours + rate.memory_uncut * uncut) * attempt


def runtime_minutes(rate: Rate, hours: float, attempt: int = 1) -> int:
    """Minutes to ask for; twice and three times as many on the second and third attempt.

    A job that goes on where it was stopped asks for a day at most: partitions of a day are common.
    """
    minutes = math.ceil(START_MINUTES + MARGIN * 60 * rate.cpu * hours)
    return min(minutes * attempt, DAY) if rate.goes_on else minutes * attempt


def cpu_seconds(rate: Rate, hours: float) -> int:
    """Seconds of one core that a job is expected to take: no limit, so without a margin, whatever the attempt."""
    return math.ceil(3600 * rate.cpu * hours)


def output_mb(rate: Rate, hours: float) -> int:
    """MB that a job is expected to write."""
    return math.ceil(rate.disk * hours)


def expected_cost(rate: Callable[[Any], Rate], hours: Callable[[Any], float]) -> Dict[str, Callable[[Any], int]]:
    """What jobs are expected to cost, as resources that limit nothing, for tools/steering.

    Without its environment variable there are none: a function that is called for every job takes time.
    """
    if TOLD_HOURS not in os.environ:
        return {}
    return {
        "cpu_s": lambda wildcards: cpu_seconds(rate(wildcards), hours(wildcards)),
        "output_mb": lambda wildcards: output_mb(rate(wildcards), hours(wildcards)),
    }


@dataclass(frozen=True)
class Counted:
    """Hours that an inventory expects."""

    shards: List[float]  # of each
    longest: float  # of a recording


def shard_hours(corpus: str, shards: int) -> List[float]:
    """Hours of each shard as the inventory expects them; before there is one, those that were told, else a guess."""
    counted = _counted(corpus)
    if counted is None:
        told = json.loads(os.environ.get(TOLD_HOURS) or "{}")
        return [told[corpus] / shards if corpus in told else UNKNOWN_HOURS] * shards
    if len(counted.shards) != shards:  # it will be divided anew
        return [sum(counted.shards) / shards] * shards
    return counted.shards


def corpus_hours(corpus: str, shards: int) -> float:
    """Hours of all its shards."""
    return sum(shard_hours(corpus, shards))


def longest_hours(corpus: str) -> float:
    """Hours of the longest recording; 0 where there is no inventory yet."""
    counted = _counted(corpus)
    return counted.longest if counted else 0.0


def _counted(corpus: str) -> Optional[Counted]:
    """What the inventory of a corpus says, asked for every job; None where there is none yet."""
    path = INVENTORY.format(corpus=corpus)
    try:
        return _read_summary(path, os.stat(path).st_mtime_ns)
    except FileNotFoundError:
        return None


def weights_mb(encoder: str) -> float:
    """MB of an encoder's weights as its receipt has them; 0 where there are none, or no receipt yet."""
    path = RECEIPT.format(encoder=encoder)
    try:
        return _read_receipt(path, os.stat(path).st_mtime_ns)
    except FileNotFoundError:
        return 0.0


@cache
def _read_receipt(path: str, changed: int) -> float:
    """Size of what a receipt lists, read again when it has changed."""
    receipt = json.loads(Path(path).read_text("utf-8"))
    return sum(file["bytes"] for file in receipt["files"].values()) / 1e6


@cache
def _read_summary(path: str, changed: int) -> Counted:
    """A summary, read again when it has changed."""
    summary = json.loads(Path(path).read_text("utf-8"))
    return Counted([seconds / 3600 for seconds in summary["shard_seconds"]], summary["longest_seconds"] / 3600)


def local_folder(configured: Any) -> str:
    """Folder for temporary files of the machine that this runs on; the usual one where a variable is not set there."""
    folder = os.path.expandvars(configured or "")
    return folder if folder and "$" not in folder else os.environ.get("TMPDIR") or "/tmp"
