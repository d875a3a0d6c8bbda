"""The page opens offline and shows what is known."""

import re
from dataclasses import replace

import pytest

from amela.usage.page import STRIP, TEMPLATE, build_page, strip


def page(jobs, problem=None, shards=None):
    return build_page(jobs, shards or {"field": 8}, lambda corpus, shard: None, problem)


@pytest.fixture
def on_slurm(shard_jobs):
    values = {"slurm_job": "7", "waiting_seconds": 5.0, "elapsed_seconds": 620.0, "state": "COMPLETED", "node": "cpu1"}
    return shard_jobs([600.0] * 8, gpus=0, gpu_seconds=0.0, max_rss_mb=500.0, requested_mb=4000.0, **values)


def test_no_jobs_make_a_page_too():
    text = page([])
    assert "Nothing ran on SLURM" in text
    assert "Nothing that these jobs would support" in text


def test_it_looks_like_the_report():
    assert TEMPLATE.with_name("style.css").read_text("utf-8") in page([])


def test_it_names_no_other_machine(on_slurm):
    text = page(on_slurm)
    assert not re.search(r"(?:src|href)=\"(?!#|report\.html|usage\.tsv)|https?://|@import|url\(", text)


def test_without_slurm_the_page_says_so_and_shows_the_benchmarks(shard_jobs):
    text = page(shard_jobs([600.0, None], max_rss_mb=108.0))
    assert "Nothing ran on SLURM" in text
    assert "108 MB" in text
    assert "1 without a measured time" in text
    assert "of request" not in text


def test_a_silent_sacct_is_named(on_slurm):
    silent = [replace(job, waiting_seconds=None, elapsed_seconds=None, state=None) for job in on_slurm]
    text = page(silent, problem="there is no sacct on this machine")
    assert "Jobs ran on SLURM, but there is no sacct on this machine" in text
    assert "Nothing ran on SLURM" not in text


def test_advice_can_be_pasted(on_slurm):
    text = page(on_slurm)
    assert "set-resources:\n  segment:\n    mem_mb: &#34;1000 * attempt&#34;" in text
    assert "of request" in text


def test_shared_allocations_are_named(on_slurm):
    shared = [replace(job, waiting_seconds=None, elapsed_seconds=None) for job in on_slurm]
    assert "8 jobs shared a SLURM job with others" in page(shared)


def test_names_are_no_markup(shard_jobs):
    jobs = [replace(job, name="<b>") for job in shard_jobs([600.0] * 8)]
    assert "<b>" not in page(jobs)


def test_the_same_jobs_make_the_same_page(on_slurm):
    assert page(on_slurm) == page(list(on_slurm))


def test_the_strip_ends_at_the_longest_job():
    assert strip([1.0, 2.0, 2.0]) == [STRIP // 2, STRIP]
    assert strip([]) == strip([0.0]) == []
    assert len(strip([float(number) for number in range(10_000)])) == STRIP + 1
