"""Mirrors workflow/scripts/amela/report/collect.py."""

import numpy as np

from amela.report import collect


def test_speech_and_pauses_fill_the_whole_duration(results):
    speech_N, pauses_N = collect.speech_and_pauses(results, "field")
    assert speech_N.tolist() == [0.5] * 4
    assert pauses_N.tolist() == [0.25] * 8
    assert speech_N.sum() + pauses_N.sum() == 4.0


def test_units_are_counted_over_all_shards(results):
    assert collect.unit_counts(results, "k4").tolist() == [4, 4, 12, 0]


def test_coverage_and_ledgers_name_their_corpus(results):
    rows = collect.coverage(results)
    assert len(rows) == 6
    assert rows[0] == {
        "corpus": "field",
        "table": "manifest",
        "stage": "last",
        "in": 5,
        "out": 4,
        "rejected": 1,
        "filtered": 0,
    }
    assert [row["id"] for row in collect.rejected(results)] == ["bad <&> one"]


def test_occurrences_come_from_different_utterances(results):
    found = collect.occurrences(results, "field", "motifs", 7, 3)
    assert [row["id"] for row in found] == ["u0", "u1", "u2"]
    assert collect.occurrences(results, "field", "motifs", 99, 3) == []


def test_rows_by_id_takes_what_is_asked_for(results):
    rows = collect.rows_by_id(results.merged("field", "manifest"), {"u2", "nobody"})
    assert {name: row["text"] for name, row in rows.items()} == {"u2": "text 2"}


def test_histories_are_numbers(results):
    history = collect.lm_history(results, "lstm", results.contents["lms"]["lstm"][0])
    assert history == [{"epoch": 1.0, "train": 2.0, "valid": 2.1}, {"epoch": 2.0, "train": 1.5, "valid": 1.9}]
    assert np.isfinite([row["valid"] for row in history]).all()


def test_scores_are_numbers_or_nothing(results):
    rows = collect.asr_scores(results)
    assert {(row["corpus"], row["asr"]) for row in rows} == {("field", "sphinx")}
    first = rows[0]
    assert (first["voice"], first["value"], first["wer"], first["kept"]) == ("natural", "", 0.2, 1)
    assert first["added_wer"] is None and rows[-1]["added_wer"] == 0.5
    assert [row["value"] for row in rows if row["group"] == "age"] == ["6", "6"], "names stay text"


def test_numbers_of_any_size(results):
    path = results.root / "scores/asr/field/sphinx.tsv"
    path.write_text("voice\twords\twer\nnatural\t12345678\t5e-06\n")
    (row,) = collect.asr_scores(results)
    assert (row["words"], row["wer"]) == (12_345_678, 5e-6)
