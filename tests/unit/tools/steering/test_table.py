"""tools/steering/table.py"""

import pytest

from steering.table import aligned, block, duration, hours, size


def test_columns_are_aligned():
    text = aligned(("stage", "jobs"), [("asr", 5), ("kmeans_fit", 1_000)])
    assert text.splitlines() == ["stage       jobs", "----------  ----", "asr            5", "kmeans_fit  1000"]


def test_an_empty_table_is_its_header():
    assert aligned(("a", "b"), []) == "a  b\n-  -"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "unknown"),
        (0, "0 s"),
        (59.4, "59 s"),
        (90, "2 min"),
        (3_599, "1 h 00 min"),
        (7_500, "2 h 05 min"),
        (47 * 3_600, "47 h 00 min"),
        (100 * 3_600, "4 d 4 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_hours_and_sizes_keep_the_digits_that_matter():
    assert [hours(value) for value in (0, 0.0123, 0.97, 12.34, 1234)] == ["0", "0.012", "1.0", "12.3", "1,234"]
    assert [size(value) for value in (0, 1.2, 450, 45_000, 2_500_000)] == [
        "0 MB",
        "1.2 MB",
        "450 MB",
        "45 GB",
        "2.5 TB",
    ]


def test_a_block_is_indented():
    assert block("title", "a\nb") == "title\n  a\n  b"
