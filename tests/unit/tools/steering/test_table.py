"""tools/steering/table.py"""

import pytest

from steering.table import WIDTH, aligned, and_more, block, duration, fold, hours, size


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


def test_the_first_of_several():
    assert [and_more("asr", number) for number in (1, 2, 1000)] == ["asr", "asr and 1 more", "asr and 999 more"]


def test_long_lines_are_folded():
    folded = fold("short\n" + "--forcerun asr " * 20).splitlines()
    assert folded[0] == "short" and len(folded) == 5
    assert all(line.startswith("  ") for line in folded[2:]) and max(map(len, folded)) <= WIDTH
    assert " ".join(folded[1:]).split() == ["--forcerun", "asr"] * 20


def test_a_block_is_indented():
    assert block("title", "a\nb") == "title\n  a\n  b"
