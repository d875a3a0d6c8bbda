"""tools/steering/benchmarks.py"""

import pytest

from steering.benchmarks import Estimate, Estimator, read_seconds
from steering.dry_run import Job

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def job(shard, work=None, rule="asr", voice="natural", threads=1, **resources):
    wildcards = (("corpus", "a"), ("voice", voice), ("shard", str(shard)))
    stated = {} if work is None else {"cpu_s": work}
    path = f"{rule}-{voice}-{shard}.tsv"
    return Job(rule, wildcards, benchmark=path, threads=threads, resources={**stated, **resources})


@pytest.fixture
def measured(tmp_path):
    """Function (job, seconds): the job has a benchmark."""

    def write(job, seconds):
        (tmp_path / job.benchmark).write_text(f"{HEAD}{seconds}\t0:00:01\t56.4\t1\t1\t1\t0\t0\t0\t0.2\n")
        return job

    return write


def test_the_median_of_repeats(tmp_path):
    path = tmp_path / "b.tsv"
    path.write_text("s\th:m:s\n1.0\tx\n9.0\tx\n2.0\tx\n")
    assert read_seconds(path) == 2.0


@pytest.mark.parametrize("text", ["", "s\th:m:s\n", "nothing\n1\n", "s\nabc\n"])
def test_a_broken_benchmark_is_none(tmp_path, text):
    (tmp_path / "b.tsv").write_text(text)
    assert read_seconds(tmp_path / "b.tsv") is None
    assert read_seconds(tmp_path / "absent.tsv") is None


def test_longer_shards_take_longer(measured, tmp_path):
    jobs = [measured(job(0, work=100), 50), measured(job(1, work=200), 110), job(2, work=400)]
    assert Estimator(jobs, tmp_path).estimate(jobs[2]) == Estimate(400 * 0.525, "measured")


def test_without_stated_work_the_median_counts(measured, tmp_path):
    jobs = [measured(job(shard), seconds) for shard, seconds in enumerate((10, 20, 60))] + [job(3)]
    assert Estimator(jobs, tmp_path).measured_seconds(jobs[3]) == 20


def test_each_voice_has_its_own_measure_and_lends_it_where_there_is_none(measured, tmp_path):
    jobs = [measured(job(0, voice="natural"), 10), measured(job(0, voice="vocoder"), 30)]
    estimator = Estimator(jobs, tmp_path)
    assert estimator.measured_seconds(job(1, voice="vocoder")) == 30
    assert estimator.measured_seconds(job(1, voice="new")) == 20
    assert estimator.measured_seconds(job(1, rule="vad")) is None


def test_a_measure_does_not_reach_to_jobs_of_another_size(measured, tmp_path):
    jobs = [measured(job(0, work=5), 60)]
    estimator = Estimator(jobs, tmp_path)
    assert estimator.estimate(job(1, work=50)) == Estimate(600, "measured")
    assert estimator.estimate(job(1, work=5_000, threads=2)) == Estimate(2_500, "stated")


def test_work_divides_over_the_cores_of_all_nodes(tmp_path):
    training = job(0, work=1_200, rule="lm_train", threads=4, gpu=8, nodes=2)
    assert Estimator([], tmp_path).estimate(training) == Estimate(150, "stated")


def test_jobs_beside_snakemake_take_no_time(tmp_path):
    assert Estimator([], tmp_path).estimate(job(0, work=5, runtime=15, local=1)) == Estimate(0, "local")


def test_without_anything_the_limit_is_the_estimate(tmp_path):
    assert Estimator([], tmp_path).estimate(job(0, runtime=15)) == Estimate(900, "limit")
