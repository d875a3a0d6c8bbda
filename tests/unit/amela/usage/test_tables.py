"""Totals, rules, imbalance and the slowest shards."""

from dataclasses import replace

import pytest

from amela.usage.jobs import Job
from amela.usage.tables import covered, gpu_utilisation, imbalances, rule_rows, slowest_shards, totals


def test_time_in_which_jobs_ran_counts_overlaps_once_and_pauses_never():
    assert covered([]) is None
    assert covered([(0, 10), (5, 12), (6, 7), (100, 101)]) == 13
    assert covered([(100, 101), (5, 12), (0, 10)]) == 13


def test_totals_say_of_how_many_jobs_they_are(shard_jobs):
    jobs = shard_jobs([10.0, 20.0, None], cpu_seconds=5.0)
    jobs = [replace(job, start=100.0 * job.shard) for job in jobs]
    found = totals(jobs)
    assert (found["jobs"], found["measured"], found["seconds"], found["wall_seconds"]) == (3, 2, 30.0, 30.0)
    assert (found["cpu_seconds"], found["waiting_seconds"], found["gpu_seconds"], found["accounted"]) == (
        15.0,
        None,
        None,
        0,
    )


def test_a_rule_has_medians_extremes_and_its_share_of_the_run(shard_jobs):
    jobs = shard_jobs([1.0, 2.0, 9.0], cpu_seconds=1.0, max_rss_mb=100.0, requested_mb=1000.0)
    jobs += shard_jobs([4.0], rule="vad", cpu_seconds=9.0)
    segment, vad = rule_rows(jobs)
    assert (segment["rule"], segment["jobs"], segment["median"], segment["longest"], segment["total"]) == (
        *("segment", 3, 2.0, 9.0, 12.0),
    )
    assert segment["cpu_share"] == pytest.approx(0.25)
    assert segment["memory_share"] == pytest.approx(0.1)
    assert vad["memory"] is vad["memory_share"] is vad["waiting"] is vad["gpu_share"] is None


def test_the_share_of_memory_is_of_each_jobs_own_request(shard_jobs):
    first, second = shard_jobs([1.0, 1.0], max_rss_mb=500.0, requested_mb=1000.0)
    (row,) = rule_rows([first, replace(second, max_rss_mb=900.0, requested_mb=4000.0)])
    assert row["memory_share"] == 0.5


def test_utilisation_is_weighted_by_gpu_time(shard_jobs):
    long, short = shard_jobs([1.0, 1.0], gpu_seconds=900.0, gpu_utilisation=0.1)
    short = replace(short, gpu_seconds=100.0, gpu_utilisation=1.0)
    assert gpu_utilisation([long, short]) == pytest.approx(0.19)
    assert gpu_utilisation([replace(long, gpu_utilisation=None)]) is None


def test_shards_are_compared_with_those_that_did_the_same(shard_jobs):
    even = [replace(job, name="natural") for job in shard_jobs([10.0] * 4, rule="asr")]
    uneven = [
        replace(job, name="flat", hours=float(job.shard)) for job in shard_jobs([10.0, 10.0, 40.0, 10.0], rule="asr")
    ]
    first, second = imbalances(even + uneven + shard_jobs([1.0, 9.0, 90.0]))  # three shards are too few
    assert (first.slowest.name, first.slowest.shard, first.ratio, first.shards) == ("flat", 2, 4.0, 4)
    assert first.hours_ratio == pytest.approx(2 / 1.5)
    assert (second.slowest.name, second.ratio, second.hours_ratio) == ("natural", 1.0, None)


def test_jobs_without_a_time_or_a_shard_are_not_compared(shard_jobs):
    assert imbalances(shard_jobs([None] * 5)) == []
    assert imbalances([Job("merge", "field", str(number), None, seconds=1.0 + number) for number in range(9)]) == []


def test_the_slowest_shards_are_some_of_each_group(shard_jobs):
    jobs = shard_jobs([100.0, 101.0, 102.0, 103.0, 104.0], hours=0.5) + shard_jobs([7.0], rule="vad")
    rows = slowest_shards(jobs)
    assert [(row["job"].rule, row["job"].seconds) for row in rows] == [
        ("segment", 104.0),
        ("segment", 103.0),
        ("segment", 102.0),
        ("vad", 7.0),
    ]
    assert rows[0]["seconds_per_hour"] == 208.0
    assert rows[-1]["seconds_per_hour"] is None
