"""Mirrors amela/export/timestamps.py."""

import json

import pytest

from amela.export.timestamps import CorpusJson
from amela.io.manifest import Utterance

ITEMS = [
    (Utterance("anna/1", "/a/1.flac", 0.095, 1.5, "anna/1"), [3, 3, 0, 4]),
    (Utterance("é", "/a/2.flac", 0.01), []),
]


def read(folder):
    return json.loads((folder / "corpus_corpus_timestamped.json").read_text("utf-8"))


def test_units_have_start_and_end_and_utterances_their_audio(exported):
    corpus = read(exported(CorpusJson, ITEMS))
    assert {key: corpus[key] for key in ("corpus", "hop", "k")} == {"corpus": "corpus", "hop": 0.02, "k": 5}
    first, second = corpus["utterances"]
    assert {key: first[key] for key in first if key != "units"} == {
        "id": "anna/1",
        "audio_filepath": "/a/1.flac",
        "offset": 1.5,
        "duration": 0.095,
    }
    assert first["units"] == [
        {"unit": 3, "start": 0.0, "end": 0.02},
        {"unit": 3, "start": 0.02, "end": 0.04},
        {"unit": 0, "start": 0.04, "end": 0.06},
        {"unit": 4, "start": 0.06, "end": 0.08},
    ]
    assert (second["id"], second["units"]) == ("é", [])


@pytest.mark.parametrize("duration", [0.06, 0.0999, 10.0])
def test_the_last_unit_is_not_stretched_to_the_duration(exported, duration):
    corpus = read(exported(CorpusJson, [(Utterance("a", "/a", duration), [1, 1, 2, 2])]))
    assert corpus["utterances"][0]["units"][-1]["end"] == 0.08


def test_a_run_as_one_unit_lasts_as_long_as_its_frames(exported):
    (utterance,) = read(exported(CorpusJson, [(ITEMS[0][0], [3, 0, 4])], frames=[2, 1, 1]))["utterances"]
    assert [(unit["start"], unit["end"]) for unit in utterance["units"]] == [(0.0, 0.04), (0.04, 0.06), (0.06, 0.08)]


def test_an_utterance_stands_on_a_line_of_its_own(exported):
    lines = (exported(CorpusJson, ITEMS) / "corpus_corpus_timestamped.json").read_text("utf-8").splitlines()
    assert [json.loads(line.rstrip(","))["id"] for line in lines[1:-1]] == ["anna/1", "é"]


def test_a_corpus_without_utterances_is_json_too(exported):
    assert read(exported(CorpusJson, []))["utterances"] == []
