"""tools/steering/plan.py and plan_page.py with a Snakemake of our own."""

import json
from dataclasses import replace

import pytest

from steering.dry_run import DryRun, Job
from steering.means import Means
from steering.plan import UnknownCorpus, crowded, make_plan
from steering.plan_page import as_text

TABLE = "partitions: {cpu: {max_runtime: 100, max_mem_mb: 4000}, gpu: {max_runtime: 200, max_gpu: 4}}\n"


def job(rule, shard, after="", threads=1, **resources):
    return Job(
        rule,
        (("corpus", "a"), ("shard", str(shard))),
        input=(f"{after}/{shard}",) if after else (),
        output=(f"{rule}/{shard}",),
        benchmark=f"{rule}-{shard}.tsv",
        threads=threads,
        resources={"cpu_s": 3600, "output_mb": 500, "runtime": 60, **resources},
    )


VAD = [job("vad", shard) for shard in range(4)]
ASR = [job("asr", shard, after="vad", gpu=1) for shard in range(4)]


class Snakemake:
    """Stands in for Invocation; the last attempt asks for twice the time."""

    def __init__(self, folder, remaining):
        self.folder, self.remaining, self.environments, self.asked = folder, remaining, [], []

    def dry_run(self, *arguments, environment):
        self.environments.append(environment)
        self.asked.append(" ".join(arguments))
        if "--attempt" in arguments:
            return DryRun(tuple(self.later(job) for job in [*VAD, *ASR]), ())
        return DryRun((*VAD, *ASR) if arguments else tuple(self.remaining), ())

    def later(self, job):
        resources = {**job.resources, "runtime": 2 * job.resources["runtime"]}
        return Job(job.rule, job.wildcards, job.input, job.output, resources=resources)


def cost(plan, rule):
    return next(cost for cost in plan.costs if cost.rule == rule)


def test_hours_disk_and_wall_time(tmp_path):
    plan = make_plan(Snakemake(tmp_path, [*VAD, *ASR]), Means(100, gpus=2), {}, everything=False)
    vad, asr = cost(plan, "vad"), cost(plan, "asr")
    assert (vad.jobs, vad.cpu_hours, vad.gpu_hours, vad.disk_mb) == (4, 4, 0, 2000)
    assert (asr.cpu_hours, asr.gpu_hours) == (4, 4)
    assert plan.wall_seconds == 3 * 3600  # all vad at once, then asr two by two
    text = as_text(plan)
    assert "wall time: 3 h 00 min with 100 jobs and 2 GPUs at once" in text
    assert max(map(len, text.splitlines())) <= 100


def test_starting_on_slurm_takes_time_too(tmp_path):
    plan = make_plan(Snakemake(tmp_path, [*VAD, *ASR]), Means(100, slurm=True), {}, everything=False)
    assert plan.wall_seconds == 2 * (3600 + 15)


def test_benchmarks_come_before_rates(tmp_path):
    (tmp_path / "vad-0.tsv").write_text("s\th:m:s\n7200\tx\n")
    plan = make_plan(Snakemake(tmp_path, [*VAD[1:], *ASR]), Means(100), {}, everything=False)
    assert cost(plan, "vad").cpu_hours == 6
    assert cost(plan, "vad").basis == {"measured": 3}
    assert "benchmarks of this project" in as_text(plan)


def test_only_what_remains_or_everything(tmp_path):
    assert make_plan(Snakemake(tmp_path, []), Means(1), {}, everything=False).costs == []
    assert sum(c.jobs for c in make_plan(Snakemake(tmp_path, []), Means(1), {}, everything=True).costs) == 8
    assert "nothing remains" in as_text(make_plan(Snakemake(tmp_path, []), Means(1), {}, everything=False))


def test_hours_are_handed_on_and_what_is_assumed_is_told(tmp_path):
    snakemake = Snakemake(tmp_path, VAD)
    assert make_plan(snakemake, Means(1), {"a": 833.0}, everything=False).assumed == []
    assert {env["AMELA_HOURS"] for env in snakemake.environments} == {'{"a": 833.0}'}
    plan = make_plan(snakemake, Means(1), {}, everything=False)
    assert plan.assumed == ["a"] and "are not counted yet and assumed to be 10 a shard" in as_text(plan)
    assert 'make plan ARGS="--hours a=833"' in as_text(plan).splitlines()
    summary = tmp_path / "results" / "corpora" / "a" / "inventory" / "summary.json"
    summary.parent.mkdir(parents=True)
    summary.write_text("{}")
    assert make_plan(snakemake, Means(1), {}, everything=False).assumed == []
    told = make_plan(snakemake, Means(1), {"a": 833.0}, everything=False)
    assert told.notes == ["the inventory of a is there: its hours are used, not those that were told"]
    assert f"note: {told.notes[0]}" in as_text(told)


def test_hours_of_a_corpus_that_there_is_not(tmp_path):
    with pytest.raises(UnknownCorpus, match="no corpus b, only a"):
        make_plan(Snakemake(tmp_path, []), Means(1), {"a": 1.0, "b": 833.0}, everything=False)


def test_a_profile_that_is_not_filled_in_is_told(tmp_path, partitions):
    def notes(means):
        return make_plan(Snakemake(tmp_path, VAD), means, {}, everything=False).notes

    whole = Means(9, slurm=True, partitions=partitions, account="lab")
    assert notes(whole) == []
    assert notes(replace(whole, account="CHANGE-ME")) == [
        "slurm_account of the profile is still CHANGE-ME: SLURM will take no job"
    ]
    partitions.write_text("partitions: {}\n")
    assert notes(whole) == [f"{partitions} lists no partitions: there are no limits to hold jobs against"]
    assert notes(replace(whole, partitions=None))[0].startswith("the profile names no partitions")
    assert notes(Means(9)) == []


@pytest.fixture
def partitions(tmp_path):
    path = tmp_path / "partitions.yaml"
    path.write_text(TABLE)
    return path


def test_jobs_that_will_not_fit_are_told(tmp_path, partitions):
    plan = make_plan(Snakemake(tmp_path, [*VAD, *ASR]), Means(9, 4, 3, True, partitions), {}, everything=False)
    assert plan.warnings == []  # 120 minutes: gpu takes them
    partitions.write_text(TABLE.replace("200", "110"))
    plan = make_plan(Snakemake(tmp_path, [*VAD, *ASR]), Means(9, 4, 3, True, partitions), {}, everything=False)
    assert plan.warnings == [
        "no partition takes 8 jobs (vad 4, asr 4): runtime up to 2 h 00 min (vad corpus=a, shard=0), gpu has"
        " 1 h 50 min; by attempt 3, which asks for 2 times as much",
    ]


def test_too_few_gpus_are_told(tmp_path):
    plan = make_plan(Snakemake(tmp_path, ASR), Means(9, gpus=0), {}, everything=False)
    assert plan.wall_seconds is None
    assert plan.warnings == ["asr corpus=a, shard=0 asks for 1 GPUs, there are 0"]
    assert "wall time: unknown" in as_text(plan)


def test_local_jobs_ask_nothing_of_the_cluster(tmp_path, partitions):
    usage = Job("usage", (), output=("usage.html",), resources={"runtime": 999, "cpu_s": 0, "local": 1})
    plan = make_plan(Snakemake(tmp_path, [usage]), Means(9, 4, 3, True, partitions), {}, everything=False)
    assert (plan.warnings, plan.wall_seconds, cost(plan, "usage").basis) == ([], 0, {"local": 1})
    assert "beside Snakemake" in as_text(plan)


@pytest.mark.parametrize("table", [TABLE, "partitions: {}\n", None])
def test_jobs_that_no_number_of_attempts_ends_are_told(tmp_path, partitions, table):
    partitions.write_text(table or "")
    long = [job("vad", shard, cpu_s=3600 * (5 + shard)) for shard in range(4)]  # 1 h + 1.5 h + 2 h in three attempts
    means = Means(9, 4, 3, True, partitions if table else None)
    plan = make_plan(Snakemake(tmp_path, long), means, {}, everything=False)
    assert plan.warnings == [
        "vad corpus=a, shard=3 and 3 more: 8 h 00 min expected, but the time limits of all its attempts (3) make"
        " 4 h 30 min"
    ]
    assert "lms: gpu" in as_text(plan)


def test_on_one_machine_no_time_is_up(tmp_path):
    snakemake = Snakemake(tmp_path, [job("vad", 0, cpu_s=36_000)])
    assert make_plan(snakemake, Means(9), {}, everything=False).warnings == []
    assert sorted(snakemake.asked) == ["", "--forceall"]


def test_what_is_not_known_of_gpus_is_told(tmp_path):
    known = make_plan(Snakemake(tmp_path, VAD), Means(9), {}, everything=False)
    unknown = make_plan(Snakemake(tmp_path, ASR), Means(9), {}, everything=False)
    assert "of GPUs no speed is known" in as_text(unknown) and "speed is known" not in as_text(known)


def test_crowded_folders():
    jobs = [
        Job("vad", (("shard", str(n)),), output=(f"results/vad/{n}.jsonl", f"results/vad/{n}.csv")) for n in range(5001)
    ]
    assert crowded(jobs) == [("results/vad", 10_002), (".snakemake/metadata", 10_002)]
    assert crowded(jobs[:5000]) == []
    deep = [Job("vad", (), output=(f"results/{n // 100}/{n}.jsonl",)) for n in range(10_001)]
    assert [folder for folder, _ in crowded(deep)] == [".snakemake/metadata"]


def test_json_holds_all(tmp_path, partitions):
    plan = make_plan(Snakemake(tmp_path, VAD), Means(9, 4, 3, True, partitions), {}, everything=False)
    content = json.loads(json.dumps(plan.as_json()))
    assert content["costs"][0]["basis"] == {"stated": 4}
    assert content["means"]["gpus"] == 4
