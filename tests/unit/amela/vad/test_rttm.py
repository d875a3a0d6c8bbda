import re
from urllib.parse import unquote

import pytest

from amela.vad.rttm import rttm_lines, rttm_name


def parse(line: str) -> tuple:
    kind, name, channel, start, duration, *rest = line.split()
    assert (kind, channel, rest) == ("SPEAKER", "1", ["<NA>", "<NA>", "speech", "<NA>", "<NA>"])
    return name, float(start), float(start) + float(duration)


def test_times_come_back():
    speech = [[0.0, 0.0000625], [1.2, 1.5319375], [9.9999375, 57_600.0]]
    parsed = [parse(line) for line in rttm_lines("anna/day1", speech)]
    assert [name for name, _, _ in parsed] == ["anna/day1"] * 3
    assert [list(times) for _, *times in parsed] == [pytest.approx(pair, abs=1e-9) for pair in speech]


@pytest.mark.parametrize("name", ["two words", "tab\there", "wide\u3000space", "no\u00a0break", "Grüße", "a'b\"c"])
def test_names_hold_no_white_space_and_come_back(name):
    encoded = rttm_name(name)
    assert not re.search(r"\s", encoded) and encoded.split() == [encoded]
    assert unquote(encoded) == name


def test_only_white_space_is_encoded():
    assert rttm_name("Grüße/100%25 b") == "Grüße/100%25%20b"


def test_no_speech_no_lines():
    assert list(rttm_lines("a", [])) == []
