"""Mirrors workflow/scripts/amela/eval/scores.py."""

import csv

import pytest

from amela.eval.normalisers import normalise
from amela.eval.scores import COLUMNS, score_voices, write_scores

PLAIN = {"plain": normalise}
ROWS = [
    {"id": "1", "speaker": "x", "age": "10", "reference": "a b c d", "text": "a b c d"},
    {"id": "2", "speaker": "x", "age": "10", "reference": "a b c d", "text": "a b c"},
    {"id": "3", "speaker": "y", "age": "9", "reference": "a b", "text": "x y"},
    {"id": "4", "speaker": "y", "age": None, "reference": "a b", "text": ""},
    {"id": "5", "speaker": None, "recording": "r", "reference": "a b", "text": "a b"},
    {"id": "6", "speaker": "z", "text": "who knows"},
    {"id": "7", "speaker": "z", "text": "kept", "model": None},
]


def scored(manifest=(), **tables):
    found = list(score_voices({voice: iter(rows) for voice, rows in tables.items()}, PLAIN, iter(manifest)))
    assert all(tuple(row) == COLUMNS for row in found)
    return {(row["voice"], row["group"], row["value"]): row for row in found}


def test_sums_and_groups():
    table = scored(natural=ROWS)
    assert list(table) == [
        ("natural", "all", ""),
        *(("natural", "speaker", value) for value in ("x", "y", "z", "")),
        *(("natural", "age", value) for value in ("9", "10", "")),
    ]
    every = table["natural", "all", ""]
    counts = {key: every[key] for key in ("speakers", "utterances", "scored", "kept", "empty", "words", "deletions")}
    assert counts == {
        "speakers": 3, "utterances": 7, "scored": 5, "kept": 1, "empty": 1, "words": 14, "deletions": 3,
    }  # fmt: skip
    assert every["wer"] == pytest.approx(5 / 14, abs=1e-6)
    assert 0 <= every["wer_low"] < every["wer"] < every["wer_high"] <= 1
    for group in ("speaker", "age"):
        parts = [row for (_, name, _), row in table.items() if name == group]
        for column in ("utterances", "scored", "kept", "words", "substitutions", "deletions"):
            assert sum(row[column] or 0 for row in parts) == every[column]


def test_one_speaker_has_a_rate_and_no_interval_and_one_without_references_has_neither():
    table = scored(natural=ROWS)
    alone = table["natural", "speaker", "x"]
    assert (alone["speakers"], alone["wer"], alone["wer_low"], alone["wer_high"]) == (1, 0.125, None, None)
    nobody = table["natural", "speaker", "z"]
    assert (nobody["speakers"], nobody["utterances"], nobody["scored"], nobody["kept"]) == (0, 2, 0, 1)
    assert all(nobody[column] is None for column in COLUMNS[COLUMNS.index("words") :])


def test_the_same_transcripts_add_nothing():
    table = scored(natural=ROWS, voice=ROWS)
    for column in ("added_wer", "added_low", "added_high"):
        assert table["natural", "all", ""][column] is None
        assert str(table["voice", "all", ""][column]) == "0.0"
    assert table["voice", "speaker", "x"]["added_wer"] == 0 and table["voice", "speaker", "x"]["added_low"] is None
    same = [column for column in COLUMNS if column != "voice" and not column.startswith("added")]
    for (_, *group), row in table.items():
        assert [row[column] for column in same] == [table["natural", group[0], group[1]][column] for column in same]


def test_what_a_voice_adds_is_over_the_utterances_of_both():
    natural = [row for row in ROWS if row["id"] != "2"]
    voice = [{**row, "text": "wrong"} for row in ROWS if row["id"] not in "35"]
    every = scored(natural=natural, voice=voice)["voice", "all", ""]
    # shared: 1 (no error of 4, now 4) and 4 (2 errors of 2, now 2)
    assert every["added_wer"] == pytest.approx(4 / 6, abs=1e-6)
    assert (every["added_low"], every["added_high"]) == (0.0, 1.0)
    assert every["scored"] == 3 and every["wer"] == 1.0


def test_a_voice_without_its_worst_utterances_says_so():
    """No rate can tell a voice of which half was rejected from a perfect one; the counts do, in every group."""
    natural = [{**ROWS[0], "id": f"{i}", "speaker": f"s{i % 4}", "text": "a b c d"} for i in range(20)]
    manifest = [*natural, {"id": "lost", "speaker": "s9", "age": 3.0}]
    table = scored(manifest, natural=natural, loops=natural[:10])
    natural_speech, loops = (table[voice, "all", ""] for voice in ("natural", "loops"))
    assert (loops["wer"], loops["added_wer"], loops["scored"]) == (0.0, 0.0, 10)
    assert (natural_speech["utterances"], natural_speech["missing"]) == (20, 1)
    assert (loops["utterances"], loops["missing"]) == (10, 11)
    missing = {
        row["value"]: row["missing"] for (voice, name, _), row in table.items() if (voice, name) == ("loops", "speaker")
    }
    assert missing == {"s0": 2, "s1": 2, "s2": 3, "s3": 3, "s9": 1}
    lost = table["loops", "age", "3"]
    assert (lost["utterances"], lost["missing"], lost["scored"], lost["wer"]) == (0, 1, 0, None)
    groups = [[key[1:] for key in table if key[0] == voice] for voice in ("natural", "loops")]
    assert groups[0] == groups[1], "voices can be laid beside each other"
    assert table["natural", "speaker", "s9"]["speakers"] == 0


def test_kept_texts_are_not_missing():
    kept = [{**row, "model": None} for row in ROWS]
    table = scored(ROWS, natural=kept, voice=ROWS[:5])
    assert table["natural", "all", ""]["missing"] == 0 and table["voice", "all", ""]["missing"] == 2
    assert table["voice", "all", ""]["added_wer"] is None


def test_without_natural_speech_nothing_is_compared():
    assert scored(voice=ROWS)["voice", "all", ""]["added_wer"] is None


def test_no_order_of_rows_matters():
    def rows(order):
        return [{**ROWS[number % 5], "id": f"{number}", "speaker": f"s{number % 11}"} for number in order]

    forwards, backwards = scored(natural=rows(range(40))), scored(natural=rows(range(39, -1, -1)))
    assert list(forwards.items()) == list(backwards.items())


def test_ages_are_sorted_as_numbers_and_other_words_after_them():
    rows = [{**ROWS[0], "id": age, "age": age} for age in ("10", "adult", "9.5", "2;06", "nan")]
    table = scored(natural=rows)
    assert [value for _, group, value in table if group == "age"] == ["9.5", "10", "2;06", "adult", "nan"]


def test_rows_without_speakers_and_ages_have_recordings():
    rows = [{"id": f"{text}/0", "recording": text, "reference": "a", "text": text} for text in "ab"]
    table = scored(natural=rows)
    assert list(table) == [("natural", "all", "")]
    every = table["natural", "all", ""]
    assert (every["speakers"], every["wer"], every["wer_low"], every["wer_high"]) == (2, 0.5, 0.0, 1.0)


def test_an_empty_table():
    every = scored(natural=[])["natural", "all", ""]
    assert every["utterances"] == every["speakers"] == 0 and every["wer"] is None


def test_the_table_can_be_read_again(tmp_path):
    names = ["tab\there", 'quote"d', "line\nbreak", "na\u00efve", "bad \udcff byte"]
    rows = [{**ROWS[0], "id": name, "speaker": name, "age": ""} for name in names]
    assert write_scores(tmp_path / "scores.tsv", score_voices({"natural": rows}, PLAIN, rows)) == 6
    with (tmp_path / "scores.tsv").open(encoding="utf-8", newline="") as handle:
        found = list(csv.DictReader(handle, delimiter="\t"))
    assert {row["value"] for row in found} == {"", *names[:-1], "bad \\udcff byte"}
    assert tuple(found[0]) == COLUMNS and (found[0]["wer"], found[0]["added_wer"]) == ("0.0", "")
