"""Benchmarks, accounting and speech, joined."""

import json

import pytest

from amela.usage.accounting import Allocation
from amela.usage.benchmarks import Benchmark
from amela.usage.jobs import COLUMNS, Job, join, longest_recording, shard_hours, tsv


def benchmark(**values):
    known = {"rule": "asr", "corpus": "field", "name": "sphinx", "shard": 0, "seconds": 50.0, "max_rss_mb": 900.0}
    return Benchmark(**{**known, "slurm_job": "7", "node": "gpu1", **values})


def allocation(**values):
    known = {"state": "COMPLETED", "node": "gpu1", "seconds": 60.0, "waiting": 30.0, "requested_mb": 4096.0}
    known.update(requested_minutes=120.0, cpus=4, gpus=2, max_rss_mb=1000.0, gpu_utilisation=0.4, gpu_memory_mb=500.0)
    return Allocation(**{**known, **values})


def one(benchmark, allocation):
    (job,) = join([benchmark], {"7": allocation}, {})
    return job


def test_a_job_has_what_both_know():
    job = one(benchmark(), allocation())
    assert (job.seconds, job.elapsed_seconds, job.waiting_seconds, job.gpu_seconds) == (50.0, 60.0, 30.0, 120.0)
    assert (job.requested_mb, job.requested_minutes, job.cpus, job.gpus) == (4096.0, 120.0, 4, 2)
    assert (job.gpu_utilisation, job.state, job.node) == (0.4, "COMPLETED", "gpu1")


@pytest.mark.parametrize(
    "seen, accounted, most", [(900.0, 1000.0, 1000.0), (900.0, 800.0, 900.0), (None, 800.0, 800.0)]
)
def test_memory_is_the_most_that_anyone_saw(seen, accounted, most):
    assert one(benchmark(max_rss_mb=seen), allocation(max_rss_mb=accounted)).max_rss_mb == most


def test_without_accounting_there_is_the_benchmark_alone():
    (job,) = join([benchmark()], {}, {("field", 0): 2.5})
    assert (job.seconds, job.hours, job.node, job.slurm_job) == (50.0, 2.5, "gpu1", "7")
    assert {job.waiting_seconds, job.requested_mb, job.gpus, job.gpu_seconds, job.state} == {None}


def test_a_job_of_that_number_on_another_cluster_is_another_job():
    assert one(benchmark(node="cpu1"), allocation(node="gpu1")).waiting_seconds is None
    assert one(benchmark(node="cpu1"), allocation(node="cpu[1-2]")).waiting_seconds == 30.0
    assert one(benchmark(node="cpu1"), allocation(node="cpu1,gpu1")).waiting_seconds == 30.0


def test_jobs_that_share_an_allocation_do_not_know_their_part_of_it():
    jobs = join([benchmark(), benchmark(shard=1)], {"7": allocation()}, {})
    assert [(job.state, job.waiting_seconds, job.gpu_seconds, job.max_rss_mb) for job in jobs] == [
        ("COMPLETED", None, None, 900.0)
    ] * 2


def test_zeros_of_a_cluster_that_cannot_see_its_gpus_are_unknown():
    blind = allocation(gpu_utilisation=0.0, gpu_memory_mb=0.0)
    assert one(benchmark(), blind).gpu_utilisation is None
    jobs = join([benchmark(), benchmark(shard=1, slurm_job="8")], {"7": blind, "8": allocation()}, {})
    assert [job.gpu_utilisation for job in jobs] == [0.0, 0.4]


def test_hours_are_those_of_the_manifests(tmp_path):
    folder = tmp_path / "corpora/field/manifest"
    folder.mkdir(parents=True)
    (folder / "shard-0.jsonl").write_text('{"duration": 1800.0}\n{"duration": 5400.0}\n')
    (folder / "shard-1.jsonl").write_text("")
    assert shard_hours(tmp_path, {"field": 3, "none": 1}) == {("field", 0): 2.0, ("field", 1): 0.0}


def test_the_longest_recording_of_a_shard(tmp_path):
    folder = tmp_path / "corpora/field/inventory"
    folder.mkdir(parents=True)
    rows = [("a", 60.0), ("b", 7200.0), ("c", None)]
    text = "".join(json.dumps({"id": name, "seconds": seconds}) + "\n" for name, seconds in rows)
    (folder / "shard-0.jsonl").write_text(text)
    (folder / "shard-1.jsonl").write_text('{"id": "c", "seconds": null}\n')
    assert longest_recording(tmp_path, "field", 0) == ("b", 2.0)
    assert longest_recording(tmp_path, "field", 1) is None
    assert longest_recording(tmp_path, "field", 2) is None


def test_the_table_leaves_empty_what_is_unknown():
    header, row = tsv([Job("segment", "field", None, 3, seconds=12.345678, waiting_seconds=0.0)]).splitlines()
    assert header.split("\t") == list(COLUMNS)
    cells = dict(zip(COLUMNS, row.split("\t")))
    assert {name: cell for name, cell in cells.items() if cell} == {
        "rule": "segment",
        "corpus": "field",
        "shard": "3",
        "seconds": "12.3457",
        "waiting_seconds": "0",
    }
