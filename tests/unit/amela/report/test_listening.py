"""Mirrors workflow/scripts/amela/report/listening.py."""

import base64
import io

import numpy as np
import pytest
import soundfile

from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.manifest import utterance_from_row
from amela.report import listening


def heard(address):
    kind, data = address.split(",", 1)
    assert kind == "data:audio/flac;base64"
    return soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="int16")


@pytest.fixture
def row(results):
    return next(iter(read_jsonl(results.merged("field", "manifest"))))


def test_a_player_holds_the_samples_of_the_file(row):
    samples, rate = heard(listening.player(utterance_from_row(row, "test")))
    original, _ = soundfile.read(row["audio_filepath"], dtype="int16")
    assert rate == 16_000 and np.array_equal(samples, original)


def test_a_part_is_cut_where_it_is_asked_for_and_inside_the_utterance(row):
    utterance = utterance_from_row({**row, "offset": 0.25, "duration": 0.5}, "test")
    original, _ = soundfile.read(row["audio_filepath"], dtype="int16")
    assert np.array_equal(heard(listening.player(utterance, 0.1, 0.2))[0], original[5_600:7_200])
    assert np.array_equal(heard(listening.player(utterance, -1, 9))[0], original[4_000:12_000])


@pytest.mark.parametrize("count, chosen", [(0, []), (1, ["u2"]), (2, ["u1", "u3"]), (9, ["u0", "u1", "u2", "u3"])])
def test_examples_are_spread_over_the_table(results, count, chosen):
    assert [row["id"] for row in listening.spread(results.merged("field", "manifest"), count)] == chosen


def test_resynthesis_stands_beside_natural_speech(results):
    (example,) = listening.spoken_examples(results, "field", 1)
    assert (example["id"], example["text"]) == ("u2", "text 2")
    assert [(player["voice"], player["heard"]) for player in example["players"]] == [
        ("natural", "natural heard"),
        ("gl", "gl heard"),
    ]


def test_a_text_that_was_kept_was_not_heard(results):
    table = results.merged("field", f"asr-{results.contents['asrs'][0]}-natural")
    write_jsonl(table, [{**row, "model": None} for row in list(read_jsonl(table))])
    (example,) = listening.spoken_examples(results, "field", 1)
    assert [player["heard"] for player in example["players"]] == [None, "gl heard"]


def test_without_a_vocoder_natural_speech_is_listened_to_and_without_a_recogniser_nothing(results, monkeypatch):
    monkeypatch.setitem(results.contents, "vocoders", [])
    (example,) = listening.spoken_examples(results, "field", 1)
    assert [player["voice"] for player in example["players"]] == ["natural"]
    monkeypatch.setitem(results.contents, "asrs", [])
    assert listening.spoken_examples(results, "field", 1) == []


def test_motifs_that_recur_come_with_their_places(results):
    (motif,) = listening.motif_examples(results, "field", "motifs", 5)
    assert motif["units"] == "0 1" and len(motif["players"]) == 3
    samples, rate = heard(motif["players"][0]["audio"])
    assert len(samples) / rate == pytest.approx(0.4 + listening.CONTEXT, abs=1e-4), "nothing before the utterance"
