"""Benchmarks of the configuration's jobs, and what their logs say."""

import logging

import pytest

from amela.environment import check_environment
from amela.usage.benchmarks import read_benchmarks, read_log, read_measures


def jobs(run, contents):
    return read_benchmarks(run.benchmarks, run.logs, contents)


def test_jobs_come_rule_after_rule_with_shards_by_number(run, contents):
    for stem in ("kmeans_fit/k50", "segment/field/shard-2", "segment/field/shard-0", "asr/field/sphinx/flat/shard-1"):
        run.benchmark(stem, 1.5, 100.0, 90.0, 1.2)
    assert [(job.rule, job.corpus, job.name, job.shard) for job in jobs(run, contents)] == [
        ("segment", "field", None, 0),
        ("segment", "field", None, 2),
        ("kmeans_fit", None, "k50", None),
        ("asr", "field", "sphinx/flat", 1),
    ]


def test_what_is_no_longer_configured_is_left_out(run, contents):
    for stem in ("segment/field/shard-3", "segment/old/shard-0", "kmeans_fit/k10", "gone/x", "segment/field/shard-1"):
        run.benchmark(stem, 1.5, 100.0, 90.0, 1.2)
    assert [(job.rule, job.shard) for job in jobs(run, contents)] == [("segment", 1)]


def test_measures_are_those_of_the_file(run, contents):
    run.benchmark("segment/field/shard-0", 12.25, 107.88, 26.75, 3.5)
    (job,) = jobs(run, contents)
    assert (job.seconds, job.max_rss_mb, job.mean_load, job.cpu_seconds) == (12.25, 107.88, 26.75, 3.5)


@pytest.mark.parametrize("value", ["NA", "-", "", "nan", "inf", "-1", "0.00"])
def test_what_was_not_measured_is_unknown(run, value):
    run.benchmark("x", 0.4, value, value, value)
    assert read_measures(run.benchmarks / "x.tsv") == {
        "seconds": 0.4,
        "cpu_seconds": None,
        "mean_load": None,
        "max_rss_mb": None,
    }


@pytest.mark.parametrize("text", ["", "s\th:m:s\n", "s\n1.0.0\n", "\x00\x01", "s\tmax_rss\n"])
def test_a_torn_file_measures_nothing(run, text):
    run.write(run.benchmarks / "x.tsv", text)
    assert set(read_measures(run.benchmarks / "x.tsv").values()) == {None}


def test_a_job_without_a_benchmark_is_there_and_unknown(run, contents):
    run.log("segment/field/shard-1", "2026-11-21 12:00:00,000 INFO environment: python 3.11.7 in /x\n")
    (job,) = jobs(run, contents)
    assert (job.rule, job.shard, job.seconds) == ("segment", 1, None)


def test_no_folder_is_no_job(run, contents):
    assert jobs(run, contents) == []


def test_the_head_of_a_log_says_when_and_where(run):
    run.log("a", "conda: activated\n2026-11-21 23:59:50,250 INFO environment: slurm job 123 on cpu1\n")
    run.log("b", "2026-11-22 00:00:20,000 INFO environment: python 3.11.7 in /x\n")
    before, job, node = read_log(run.logs / "a.log")
    after, no_job, no_node = read_log(run.logs / "b.log")
    assert (after - before, job, node) == (30.0, "123", "cpu1")
    assert (no_job, no_node) == (None, None)


def test_a_log_of_something_else_says_nothing(run):
    run.write(run.logs / "a.log", "Traceback\nslurm job x on y\n")
    (run.logs / "b.log").write_bytes(b"\xff\xfe\x00")
    for path in (run.logs / "a.log", run.logs / "b.log", run.logs / "none.log"):
        assert read_log(path) == (None, None, None)


def test_what_a_stage_logs_is_what_is_read(run, monkeypatch, caplog):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("SLURMD_NODENAME", "node-7")
    run.log("x", "")
    handler = logging.FileHandler(run.logs / "x.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("environment")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, "environment"):
            check_environment(None)
    finally:
        logger.removeHandler(handler)
        handler.close()
    start, job, node = read_log(run.logs / "x.log")
    assert start is not None
    assert (job, node) == ("4711", "node-7")
