"""tools/steering/partitions.py"""

import pytest

from steering.dry_run import Job
from steering.partitions import BrokenTable, Partition, minutes, misfit, misfits, read_partitions, summary, worst

TABLE = """\
partitions:
  short: {max_runtime: 60, max_mem_mb: 4000, max_threads: 4}
  cpu: {max_runtime: "1-00:00:00", max_mem_mb: 190000, max_threads: 48}
  gpu: {max_runtime: "2-00:00:00", max_mem_mb: 380000, max_gpu: 8}
  any:
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "partitions.yaml"
    path.write_text(TABLE)
    return [partition for partition in read_partitions(path) if partition.name != "any"]


def job(shard=0, threads=1, **resources):
    return Job("asr", (("corpus", "a"), ("shard", str(shard))), threads=threads, resources=resources)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(90, 90), ("90", 90), ("1-00:00:00", 1440), ("2-12", 3600), ("12:30", 750), ("1:30:30", 90.5), ("2d12h30m", 3630)],
)
def test_times_are_read_as_the_plugin_reads_them(value, expected):  # held against its version 2.8.0
    assert minutes(value) == expected


@pytest.mark.parametrize("value", ["", "soon", "1-2-3", None])
def test_what_is_no_time(value):
    with pytest.raises(BrokenTable):
        minutes(value)


def test_a_table_is_read_whole(tmp_path, table):
    assert [partition.name for partition in table] == ["short", "cpu", "gpu"]
    assert table[1].limits == {"runtime": 1440, "mem_mb": 190_000, "threads": 48, "gpu": 0}
    assert read_partitions(tmp_path / "absent.yaml") == []
    (tmp_path / "empty.yaml").write_text("partitions: {}\n")
    assert read_partitions(tmp_path / "empty.yaml") == []


@pytest.mark.parametrize(
    "text", ["[1]", "partitions: {a: {max_runtime: soon}}", "partitions: {a: [", "partitions: {a: 3}"]
)
def test_a_broken_table_is_named(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(BrokenTable, match="mine.yaml"):
        read_partitions(path)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"runtime": 1440, "mem_mb": 190_000, "threads": 48}, None),
        ({"runtime": 2880, "gpu": 8}, None),
        ({"runtime": 4000, "gpu": 1}, "runtime 2 d 18 h, gpu has 2 d 0 h"),
        ({"gpu": 9}, "gpu 9, gpu has 8"),
        ({"mem_mb": 400_000}, "mem_mb 400 GB, gpu has 380 GB"),
        ({"runtime": 30, "slurm_partition": "cpu"}, None),
        ({"runtime": 90, "slurm_partition": "short"}, "runtime 1 h 30 min, short has 1 h 00 min"),
        ({"runtime": 99_999, "slurm_partition": "unlisted"}, None),
    ],
)
def test_who_takes_a_job(table, asked, why):
    problem = misfit(job(**asked), table, 1)
    if why is None:
        assert problem is None
    else:
        key = problem.exceeded[0]
        assert len(problem.exceeded) == 1
        assert worst(key, [problem]).replace(" (asr corpus=a, shard=0)", "") == why


def test_jobs_that_grow_out_of_every_partition_are_told_once(table):
    first = [job(shard, runtime=800) for shard in range(3)] + [job(3, runtime=9_000)]
    last = [job(shard, runtime=3_200) for shard in range(3)] + [job(3, runtime=36_000)]
    by_name = {job.name: job for job in first}
    assert summary(misfits({4: last, 1: first}, table), by_name) == [
        "4 jobs (asr 4): runtime up to 6 d 6 h (asr corpus=a, shard=3), gpu has 2 d 0 h; 1 of them at the first"
        " attempt already, the others by attempt 4, which asks for 4 times as much"
    ]
    assert summary(misfits({1: first}, table), by_name) == [
        "1 job (asr 1): runtime 6 d 6 h (asr corpus=a, shard=3), gpu has 2 d 0 h; at the first attempt already"
    ]


def test_what_no_partition_takes_is_told_by_cause(table):
    first = [job(0, runtime=1_000), job(1, runtime=1_500), job(2, mem_mb=300_000)]
    last = [job(0, runtime=4_000), job(1, runtime=3_000), job(2, mem_mb=1_200_000)]
    long, large = summary(misfits({1: first, 4: last}, table), {job.name: job for job in first})
    assert long.startswith(
        "2 jobs (asr 2): runtime up to 2 d 18 h (asr corpus=a, shard=0), gpu has 2 d 0 h; by attempt"
    )
    assert long.endswith("by attempt 4, which asks for up to 4 times as much")
    assert large.startswith("1 job (asr 1): mem_mb 1.2 TB (asr corpus=a, shard=2), gpu has 380 GB; by attempt 4")


def test_what_is_asked_for_only_later_is_no_multiple(table):
    first, last = [job(0, gpu=0)], [job(0, gpu=9)]
    assert summary(misfits({1: first, 2: last}, table), {first[0].name: first[0]})[0].endswith("; by attempt 2")


def test_without_partitions_nothing_is_known():
    assert misfit(job(runtime=9_999_999), [], 1) is None
    assert misfit(job(gpu=1), [Partition("all", {})], 1) is None
