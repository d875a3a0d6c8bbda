"""Mirrors amela/export/exporter.py, and the table of formats."""

from fractions import Fraction

import pytest

import configuration
from amela.errors import AmelaError
from amela.export import FEATURE_FORMATS, UNIT_FORMATS, unit_format
from amela.export.exporter import Exporter, UnitSequence


@pytest.mark.parametrize("hop", [0.01, 0.02, 0.04])
def test_units_lie_on_the_grid_of_frames_exactly(hop):
    frames = [1, 3, 2, 1]
    exact, start = [], 0
    for span in frames:
        step = Fraction(round(hop * 16_000), 16_000)
        exact.append((float(start * step), float((start + span) * step)))
        start += span
    assert list(UnitSequence([7, 8, 9, 7], frames).times(hop)) == exact


def test_times_are_written_without_the_noise_of_binary_fractions():
    times = list(UnitSequence([0] * 1000, [1] * 1000).times(0.02))
    assert all(len(repr(time)) <= len("19.98") for pair in times for time in pair)
    assert times[2] == (0.04, 0.06), "3 · 0.02 would be 0.06000000000000001"
    assert all(before[1] == after[0] for before, after in zip(times, times[1:]))


def test_no_unit_no_time():
    assert list(UnitSequence([], []).times(0.02)) == []


def test_every_format_of_units_has_an_exporter():
    assert all(issubclass(unit_format(name), Exporter) for name in UNIT_FORMATS)
    with pytest.raises(AmelaError, match="unknown format of units 'npy'; known: bpe-text, "):
        unit_format("npy")


def test_the_configuration_knows_the_same_formats():
    formats = configuration.EXPORT_FORMATS
    assert set(formats["codebook"]) == set(UNIT_FORMATS)
    assert set(formats["encoder"]) == {*FEATURE_FORMATS, "s3prl"}
    schema = configuration._read(configuration.SCHEMAS / "exports.schema.yaml")
    allowed = schema["additionalProperties"]["properties"]["format"]["enum"]
    assert sorted(allowed) == sorted({*formats["codebook"], *formats["encoder"]})


def test_an_error_leaves_no_file_open(tmp_path):
    with pytest.raises(ZeroDivisionError), Exporter(tmp_path, None) as exporter:
        handle = exporter.open("x")
        raise ZeroDivisionError
    assert handle.closed
