"""Mirrors workflow/scripts/amela/report/recognition.py."""

import pytest

from amela.report import recognition
from amela.report.recognition import rate, recognition_section, scored, word_error_facts


@pytest.mark.parametrize(
    ("row", "name", "text"),
    [
        ({"wer": 0.12345, "wer_low": 0.1009, "wer_high": 0.149}, "wer", "12.3 [10.1, 14.9]"),
        ({"cer": 1.5, "cer_low": None, "cer_high": None}, "cer", "150.0"),
        ({"wer": None}, "wer", "–"),
        ({"added_wer": 0.5, "added_low": -0.02, "added_high": 1.0}, "added_wer", "+50.0 [−2.0, +100.0]"),
        ({"added_wer": 0.0, "added_low": 0.0, "added_high": 0.0}, "added_wer", "+0.0 [+0.0, +0.0]"),
    ],
)
def test_rates_are_percent_with_their_interval(row, name, text):
    assert rate(row, name) == text


def test_voices_stand_beside_natural_speech(results):
    section = recognition_section(results)
    (table,) = section["tables"]
    assert (table["corpus"], table["asr"], table["voices"], table["kept"]) == ("field", "sphinx", ["natural", "gl"], 1)
    assert [(row["voice"], row["normaliser"]) for row in table["rows"]] == [
        ("natural", "whisper"),
        ("natural", "plain"),
        ("gl", "plain"),
    ]
    assert section["figure"].startswith("data:image/svg+xml")
    assert table["ages"] == {"rows": [], "more": 0}, "one age is all there is"


def test_speakers_with_most_errors_come_first(results, monkeypatch):
    (table,) = recognition_section(results)["tables"]
    found = [
        (row["value"], [(part["wer"], part["scored"]) for part in row["voices"]]) for row in table["speakers"]["rows"]
    ]
    assert found == [
        ("gone", [(0.3125, 3), (None, 0)]),
        ("<i>anna</i>", [(0.0625, 3), (0.75, 3)]),
        ("", [(None, 0), (0.875, 3)]),
    ]
    monkeypatch.setattr(recognition, "SPEAKERS_SHOWN", 1)
    (table,) = recognition_section(results)["tables"]
    assert [row["value"] for row in table["speakers"]["rows"]] == ["gone"] and table["speakers"]["more"] == 2


def test_rejections_stand_beside_the_rates(results):
    (table,) = recognition_section(results)["tables"]
    assert [(row["voice"], row["missing"]) for row in table["rejected"]] == [("gl", 4)]
    assert [scored(row) for row in table["rows"]] == ["3 of 4", "3 of 4", "3 of 8"]
    rejected = [fact for fact in word_error_facts(results) if "without a transcript" in fact[0]]
    assert rejected == [("field: WER of resynthesis by gl (sphinx), utterances without a transcript", 4)]


def test_ages_are_in_their_order_and_not_all_of_a_thousand_are_shown(results, monkeypatch):
    path = results.root / "scores/asr/field/sphinx.tsv"
    lines = path.read_text().splitlines(keepends=True)
    six = [line for line in lines if "\tage\t6\t" in line]
    others = [line.replace("\tage\t6\t", f"\tage\t{age}\t") for age in (7, 8) for line in six]
    path.write_text("".join([*lines, *others]))
    monkeypatch.setattr(recognition, "AGES_SHOWN", 2)
    (table,) = recognition_section(results)["tables"]
    assert [row["value"] for row in table["ages"]["rows"]] == ["6", "7"] and table["ages"]["more"] == 1


def test_without_references_there_is_no_figure(results):
    path = results.root / "scores/asr/field/sphinx.tsv"
    lines = path.read_text().splitlines()
    header = lines[0].split("\t")
    row = dict.fromkeys(header, "") | {"voice": "natural", "normaliser": "plain", "group": "all", "kept": "0"}
    path.write_text("\t".join(header) + "\n" + "\t".join(row[name] for name in header) + "\n")
    assert recognition_section(results)["figure"] is None
    assert word_error_facts(results) == [("field: WER of natural speech (sphinx)", None)]
