"""What to change: each rule of thumb speaks where the numbers support it, and is silent elsewhere."""

from dataclasses import replace

import pytest
import yaml

from amela.usage.advice import advise, profile_lines
from amela.usage.jobs import Job

SHARDS = {"field": 8}


def advice(jobs, longest=None, shards=SHARDS):
    return advise(jobs, shards, lambda corpus, shard: longest)


def written(jobs, **options):
    """Key and value of every advice."""
    return [(one.key, one.value) for one in advice(jobs, **options)]


@pytest.fixture
def asked(shard_jobs):
    """Function (used MB, asked MB, jobs) → jobs that differ in memory alone."""
    return lambda used, asked, count=3: shard_jobs([900.0] * count, max_rss_mb=used, requested_mb=asked)


@pytest.fixture
def limited(shard_jobs):
    """Function (minutes taken, limit, jobs) → jobs that differ in time alone."""
    return lambda minutes, limit, count=3: shard_jobs([60.0 * minutes] * count, requested_minutes=limit)


def test_nothing_is_said_of_nothing(shard_jobs):
    assert advice([]) == []
    assert advice(shard_jobs([None] * 8)) == []
    assert advice(shard_jobs([600.0] * 8)) == []  # benchmarks alone, all alike


def test_memory_that_was_not_used(asked):
    (one,) = advice(asked(500.0, 4000.0))
    assert (
        one.text
        == "segment asked for 4.0 GB and used 500 MB at most in 3 jobs, 8.0× less: smaller jobs fit into more gaps."
    )
    assert (one.key, one.value, one.place) == ("set-resources: segment: mem_mb", '"1000 * attempt"', "profile")


def test_memory_that_hardly_sufficed(asked):
    (one,) = advice(asked(3800.0, 4000.0))
    assert (one.key, one.value) == ("set-resources: segment: mem_mb", '"6000 * attempt"')


@pytest.mark.parametrize("used, request_mb", [(1500.0, 4000.0), (3000.0, 4000.0), (200.0, 700.0)])
def test_prudent_requests_stay(asked, used, request_mb):
    assert advice(asked(used, request_mb)) == []


def test_few_jobs_and_unknown_memory_say_nothing(asked):
    assert advice(asked(500.0, 4000.0, 2)) == []
    assert advice(asked(None, 4000.0, 8)) == []
    assert advice(asked(500.0, None, 8)) == []


def test_one_job_that_needed_its_memory_keeps_it_for_all(asked):
    jobs = asked(500.0, 4000.0, 4)
    assert advice([*jobs[1:], replace(jobs[0], max_rss_mb=2500.0)]) == []


def test_a_limit_that_nobody_needs(limited):
    (one,) = advice(limited(10, 240))
    assert (one.key, one.value) == ("set-resources: segment: runtime", '"30 * attempt"')
    assert "may run for 4 h and took 10 min at most in 3 jobs" in one.text


def test_a_limit_that_is_nearly_reached(limited):
    (one,) = advice(limited(50, 60))
    assert (one.key, one.value) == ("set-resources: segment: runtime", '"150 * attempt"')


@pytest.mark.parametrize("minutes, limit", [(10, 60), (40, 60), (1, 30), (5, None)])
def test_sensible_limits_stay(limited, minutes, limit):
    assert advice(limited(minutes, limit)) == []


def test_the_limit_counts_the_start_of_a_job(limited):
    assert advice([replace(job, elapsed_seconds=3300.0) for job in limited(40, 60)]) != []


def test_a_long_recording_is_to_be_cut_and_more_shards_would_not_help(shard_jobs):
    jobs = [
        replace(job, hours=30.0 if job.shard == 5 else 10.0) for job in shard_jobs([600.0] * 5 + [1800.0, 600.0, 600.0])
    ]
    (one,) = advice(jobs, longest=("elena/festival", 25.0))
    assert (one.key, one.value, one.place) == ("corpora.field.source", "recordings of 10 h at most", "configuration")
    assert "Shard 5 of field took 30 min in segment, 3.0× the median" in one.text
    assert "cut elena/festival (25 h)" in one.text


@pytest.mark.parametrize("longest", [None, ("short", 9.0)])
def test_a_slow_shard_without_a_long_recording_wants_more_shards(shard_jobs, longest):
    jobs = [replace(job, hours=10.0, node="cpu7") for job in shard_jobs([600.0] * 7 + [1800.0])]
    (one,) = advice(jobs, longest=longest)
    assert (one.key, one.value) == ("corpora.field.shards", "16")
    assert "ran on cpu7" in one.text


def test_one_slow_shard_is_named_once(shard_jobs):
    seconds = [600.0] * 7 + [1800.0]
    (one,) = advice([job for rule in ("segment", "vad", "encode") for job in shard_jobs(seconds, rule=rule)])
    assert "is slow in 2 more rules" in one.text
    assert "speech" not in one.text  # there is no manifest


@pytest.mark.parametrize("seconds", [[600.0] * 7 + [1199.0], [10.0] * 7 + [60.0], [600.0, 600.0, 1800.0]])
def test_small_or_doubtful_imbalances_are_left_alone(shard_jobs, seconds):
    assert advice(shard_jobs(seconds)) == []


def test_jobs_shorter_than_their_start_want_fewer_shards(shard_jobs):
    jobs = shard_jobs([4.0] * 8, elapsed_seconds=14.0)
    (one,) = advice(jobs)
    assert (one.key, one.value) == ("corpora.field.shards", "1")
    assert one.text.startswith("8 of 8 jobs on shards of field ran for less than the 10 s that starting one costs.")


def test_fewer_shards_stay_enough_for_the_longest_rule(shard_jobs):
    short = [job for rule in ("a", "b", "c") for job in shard_jobs([4.0] * 8, rule=rule, elapsed_seconds=24.0)]
    slow = shard_jobs([1200.0] * 8, rule="asr", elapsed_seconds=1220.0)
    assert written(short) == [("corpora.field.shards", "1")]
    assert written(short + slow) == []  # most jobs are short, and most time is not


def test_on_one_machine_short_jobs_cost_nothing(shard_jobs):
    assert advice(shard_jobs([0.5] * 8)) == []


def test_long_jobs_keep_their_shards(shard_jobs):
    assert advice(shard_jobs([300.0] * 8, elapsed_seconds=315.0)) == []


def test_waiting_with_a_loose_limit_wants_a_shorter_promise(limited):
    jobs = [replace(job, waiting_seconds=3600.0) for job in limited(10, 70)]
    (one,) = advice(jobs)
    assert (one.key, one.value) == ("set-resources: segment: runtime", '"30 * attempt"')
    assert "waited 1 h for 10 min of work" in one.text


def test_waiting_with_a_tight_limit_wants_fewer_shards(limited):
    jobs = [replace(job, waiting_seconds=3600.0) for job in limited(10, 40)]
    assert written(jobs) == [("corpora.field.shards", "4")]
    assert written(jobs, shards={"field": 1}) == []


def test_who_waits_is_not_told_to_take_more_shards(limited):
    jobs = [replace(job, waiting_seconds=3600.0) for job in limited(10, 60, 8)]
    uneven = [*jobs[1:], replace(jobs[0], seconds=1500.0)]
    assert written(uneven) == [("corpora.field.shards", "4")]


@pytest.mark.parametrize("waiting", [599.0, None])
def test_who_waits_less_than_he_works_is_left_alone(limited, waiting):
    assert advice([replace(job, waiting_seconds=waiting) for job in limited(10, 40)]) == []


@pytest.fixture
def gpu_jobs():
    def make(used, load=50.0, count=3):
        job = Job("lm_train", None, "lstm", None, seconds=3600.0, gpu_seconds=3600.0, mean_load=load, cpus=4, gpus=1)
        return [replace(job, name=f"lstm/{number}", gpu_utilisation=used) for number in range(count)]

    return make


def test_gpus_that_do_nothing_are_given_back(gpu_jobs):
    (one,) = advice(gpu_jobs(0.01))
    assert (one.key, one.value) == ("set-resources: lm_train: gpu", "0")
    assert "held GPUs for 3 h and used them 1.0 % of it" in one.text


def test_a_gpu_that_waits_for_busy_cpus_gets_more_of_them(gpu_jobs):
    assert written(gpu_jobs(0.2, load=380.0)) == [("set-threads: lm_train", "8")]


def test_a_gpu_that_waits_for_small_batches_gets_larger_ones(gpu_jobs):
    (one,) = advice(gpu_jobs(0.2))
    assert one.place == "configuration"
    assert "larger batch" in one.text


@pytest.mark.parametrize("used, count", [(0.5, 3), (None, 3), (0.01, 2)])
def test_busy_unmeasured_and_few_gpus_say_nothing(gpu_jobs, used, count):
    assert advice(gpu_jobs(used, count=count)) == []


def test_the_lines_for_the_profile_are_one_block_of_yaml(asked, limited, gpu_jobs):
    memory = [replace(job, requested_minutes=300.0) for job in asked(500.0, 4000.0)]
    waiting = [replace(job, rule="vad", waiting_seconds=3600.0) for job in limited(5, 240)]
    lines = profile_lines(advice(memory + waiting + gpu_jobs(0.2, load=380.0)))
    assert yaml.safe_load(lines) == {
        "set-resources": {
            "segment": {"mem_mb": "1000 * attempt", "runtime": "45 * attempt"},
            "vad": {"runtime": "15 * attempt"},
        },
        "set-threads": {"lm_train": 8},
    }
    assert profile_lines([]) == ""
