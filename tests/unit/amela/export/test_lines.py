"""Mirrors amela/export/lines.py. Each reader here is written from the tool's own, not from the exporter."""

import json
import re

import pytest

from amela.errors import Rejected
from amela.export.exporter import Corpus, UnitSequence
from amela.export.lines import BpeText, Discophon, Slamkit, Textless
from amela.io.manifest import Utterance


def utterance(item, recording=None):
    return Utterance(item, f"/audio/{item}.flac", 0.1, recording=recording or item)


ITEMS = [(utterance("anna/1"), [3, 3, 0, 4]), (utterance("ben/2"), [1]), (utterance("ben/3"), [])]


def test_line_n_of_the_ids_tells_whose_line_n_is(exported):
    folder = exported(BpeText, ITEMS)
    lines = (folder / "all_units_for_bpe.txt").read_text().splitlines()
    ids = (folder / "ids.txt").read_text().splitlines()
    assert dict(zip(ids, lines)) == {"anna/1": "3 3 0 4", "ben/2": "1", "ben/3": ""}
    assert len(ids) == len(lines) == 3


def test_textless_streams_are_named_and_aligned(exported):
    folder = exported(Textless, ITEMS)
    streams = {}
    for stream in ("units", "durations"):
        rows = (folder / f"corpus.{stream}").read_text().splitlines()
        streams[stream] = {name: [int(x) for x in text.split()] for name, text in (row.split("\t") for row in rows)}
    assert streams["units"] == {item.id: units for item, units in ITEMS}
    assert streams["durations"] == {item.id: [1] * len(units) for item, units in ITEMS}


def test_textless_durations_are_those_of_the_runs(exported):
    folder = exported(Textless, [(utterance("a"), [3, 0, 4])], frames=[2, 1, 1])
    assert (folder / "corpus.durations").read_text() == "a\t2 1 1\n"


def test_slamkit_prepares_its_tokens_from_the_rows(exported):
    """As cli/prepare_tokens.py and UnitTokeniser.stringify_representation do it."""
    frames = [1, 4, 2, 9]
    folder = exported(Slamkit, ITEMS[:1], frames=frames)
    row = json.loads((folder / "features.jsonl").read_text())
    tokens = "".join(f"<Un{unit}>" for unit in row["units"])
    assert [int(unit) for unit in re.findall(r"<Un(\d+)>", tokens)] == ITEMS[0][1]
    assert row["duration"] == frames
    assert row["file_name"] == "/audio/anna/1.flac"


def test_discophon_rows_have_two_keys_and_the_name_of_the_file(exported):
    folder = exported(Discophon, ITEMS)
    rows = [json.loads(line) for line in (folder / "units-corpus.jsonl").read_text().splitlines()]
    assert rows == [{"file": "1", "units": [3, 3, 0, 4]}, {"file": "2", "units": [1]}, {"file": "3", "units": []}]


def test_discophon_takes_whole_recordings_of_different_names(tmp_path):
    with Discophon(tmp_path, Corpus("c", 0.02, 5)) as exporter:
        one = UnitSequence([1], [1])
        exporter.add(utterance("anna/1"), one)
        with pytest.raises(Rejected, match="another recording is called 1 too"):
            exporter.add(utterance("ben/1"), one)
        with pytest.raises(Rejected, match="a part of a recording"):
            exporter.add(utterance("eva/9/0-2", recording="eva/9"), one)
    assert (tmp_path / "units-c.jsonl").read_text() == '{"file": "1", "units": [1]}\n'
