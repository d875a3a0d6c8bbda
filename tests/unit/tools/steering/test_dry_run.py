"""tools/steering/dry_run.py on what Snakemake 9.27.1 printed."""

import pytest

from steering.dry_run import NotADryRun, parents, parse_dry_run

SAID = """\
Building DAG of jobs...
Job stats:
job          count
---------  -------
segment          1
vad_infer        1
all              1
total            3


[Sat Nov 21 12:31:44 2026]
rule segment:
    input: results/corpora/small/inventory
    output: results/corpora/small/segment/shard-1.jsonl, results/corpora/small/segment/shard-1
    log: logs/segment/small/shard-1.log
    jobid: 8
    benchmark: benchmarks/segment/small/shard-1.tsv
    reason: Missing output files: results/corpora/small/segment/shard-1.jsonl; Params have changed since last execution
    wildcards: corpus=small, shard=1
    threads: 2
    resources: tmpdir=/tmp, mem_mb=1000, mem=1 GB, disk_mb=<TBD>, slurm_partition=cpu, runtime=240, gpu=0.5
[Sat Nov 21 12:31:44 2026]
localrule vad_infer:
    input: results/corpora/small/segment/shard-1.jsonl, results/corpora/small/segment/shard-1
    output: results/corpora/small/vad/shard-1.probabilities.parquet
    jobid: 9
    reason: Forced execution
    wildcards: corpus=small, shard=1
    resources: tmpdir=/tmp
[Sat Nov 21 12:31:44 2026]
rule all:
    input: results/report.html
    jobid: 0
    reason: Forced execution
    resources: tmpdir=/tmp
Job stats:
job          count
---------  -------
segment          1

Reasons:
    (check individual jobs above for details)
    forced:
        all, segment, vad_infer
2 jobs have missing provenance/metadata so that it in part cannot be used to trigger re-runs.
Rules with missing metadata: kmeans_assign asr
This was a dry-run (flag -n). The order of jobs does not reflect the order of execution.
"""


def test_jobs_are_read_whole_and_targets_left_out():
    segment, vad = parse_dry_run(SAID).jobs
    assert segment.name == "segment corpus=small, shard=1"
    assert segment.corpus == "small"
    assert segment.output == ("results/corpora/small/segment/shard-1.jsonl", "results/corpora/small/segment/shard-1")
    assert segment.log == ("logs/segment/small/shard-1.log",)
    assert segment.benchmark == "benchmarks/segment/small/shard-1.tsv"
    assert segment.threads == 2
    assert segment.reason.startswith("Missing output files: ")
    assert (vad.rule, vad.threads, vad.benchmark) == ("vad_infer", 1, "")


def test_resources_are_numbers_where_they_are():
    segment = parse_dry_run(SAID).jobs[0]
    assert segment.number("mem_mb") == 1000
    assert segment.number("gpu") == 0.5
    assert segment.resources["slurm_partition"] == "cpu"
    assert segment.number("disk_mb", 7) == 7  # <TBD>
    assert segment.number("nodes", 1) == 1


def test_the_comment_is_the_plugins():
    assert parse_dry_run(SAID).jobs[0].comment == "rule_segment_wildcards_small_1"


def test_rules_without_provenance_are_noted():
    assert parse_dry_run(SAID).without_provenance == ("kmeans_assign", "asr")


def test_edges_go_by_files():
    jobs = parse_dry_run(SAID).jobs
    graph = parents(jobs)
    assert graph[jobs[1].name] == {jobs[0].name}
    assert graph[jobs[0].name] == set()


def test_nothing_to_do_is_no_job():
    assert parse_dry_run("Nothing to be done (all requested files are present and up to date).\n").jobs == ()


@pytest.mark.parametrize("text", ["", "Error: no such file"])
def test_other_text_is_refused(text):
    with pytest.raises(NotADryRun):
        parse_dry_run(text)
