"""Mirrors workflow/scripts/amela/report/figures.py."""

import base64
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from amela.report import figures

CURVES = {"a": [{"epoch": 1, "train": 2.0, "valid": 2.1}], "b": [{"epoch": 1, "train": 1.0, "valid": 1.1}]}
NATURAL = {"corpus": "c", "asr": "a", "voice": "natural", "wer": 0.5, "wer_low": 0.25, "wer_high": 1.5}
DRAWN = {
    "histogram": lambda: figures.duration_histogram(np.array([0.3, 99.0]), np.array([1.0])),
    "histogram of nothing": lambda: figures.duration_histogram(np.zeros(0), np.zeros(0)),
    "units": lambda: figures.unit_usage(np.array([5, 0, 3])),
    "no units": lambda: figures.unit_usage(np.zeros(4, int)),
    "curves": lambda: figures.learning_curves(CURVES),
    "errors": lambda: figures.error_rates([NATURAL, {**NATURAL, "voice": "made"}]),
    "errors of one speaker": lambda: figures.error_rates([{**NATURAL, "wer_low": None, "wer_high": None}]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_a_picture_and_the_same_each_time(name):
    address = DRAWN[name]()
    kind, data = address.split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")
    assert DRAWN[name]() == address


def test_an_interval_is_drawn_where_there_is_one():
    assert DRAWN["errors of one speaker"]() != figures.error_rates([NATURAL])
    assert figures.error_rates([{**NATURAL, "wer_high": 1.25}]) != figures.error_rates([NATURAL])
