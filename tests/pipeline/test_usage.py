"""The page of a real run knows every job of it."""

import csv

import pytest

pytestmark = pytest.mark.pipeline


def test_every_benchmark_is_a_row_with_its_time(finished):
    with (finished.folder / "results/usage.tsv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    benchmarks = list((finished.folder / "benchmarks").rglob("*.tsv"))
    assert len(rows) == len(benchmarks)
    assert {row["rule"] for row in rows} == {path.relative_to(finished.folder).parts[1] for path in benchmarks}
    assert all(float(row["seconds"]) > 0 for row in rows)
    assert all(float(row["hours"]) > 0 for row in rows if row["shard"])


def test_the_report_leads_to_the_page_and_back(finished):
    results = finished.folder / "results"
    assert 'href="usage.html"' in (results / "report.html").read_text("utf-8")
    assert 'href="report.html"' in (results / "usage.html").read_text("utf-8")
