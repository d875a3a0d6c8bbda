"""Mirrors workflow/scripts/amela/eval/error_rate.py."""

import random

import pytest

from amela.errors import AmelaError
from amela.eval.error_rate import normalise, score_transcripts

ERRORS = ("wer", "cer", "substitutions", "deletions", "insertions", "words")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  The CAT,\n sat\t", "the cat sat"),
        ("IT'S Ann’s plum!", "it's ann's plum"),
        ("'tis 'quoted' o'clock, dogs' ''", "tis quoted o'clock dogs"),
        ("ill-disposed — well…", "ill disposed well"),
        ("E\u0301te\u0301 Ünïcode ΣΊΣΥΦΟΣ", "\u00e9t\u00e9 ünïcode σίσυφος"),
        ("नमस्ते दुनिया।", "नमस्ते दुनिया"),  # vowel signs are part of the word
        ("7 of 10 <sil>", "7 of 10 sil"),
        ("?!.", ""),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected
    assert normalise(expected) == expected


def distance(reference, hypothesis):
    """Levenshtein distance by its recursive definition, row by row; shares no code with jiwer."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        row, above = [i], row
        for j, found in enumerate(hypothesis, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (wanted != found)))
    return row[-1]


def test_rates_are_summed_edit_distances():
    chance = random.Random(0)
    texts = [" ".join(chance.choices(["a", "be", "sea", "deed"], k=chance.randint(1, 9))) for _ in range(60)]
    pairs = list(zip(texts[:30], texts[30:-1] + [""]))
    score = score_transcripts([{"text": text, "reference": reference} for reference, text in pairs], "table")
    words = sum(len(reference.split()) for reference, _ in pairs)
    assert score["words"] == words and score["utterances"] == score["with_reference"] == 30 and score["empty"] == 1
    errors = sum(distance(reference.split(), text.split()) for reference, text in pairs)
    assert score["substitutions"] + score["deletions"] + score["insertions"] == errors
    assert score["wer"] == pytest.approx(errors / words, abs=1e-6)
    characters = sum(distance(reference, text) for reference, text in pairs)
    assert score["cer"] == pytest.approx(characters / sum(len(reference) for reference, _ in pairs), abs=1e-6)


def test_kinds_of_errors_by_hand():
    score = score_transcripts(
        [{"text": "The cat SITS on on it", "reference": "the, cat sat on the mat of it"}], "table"
    )
    assert (score["substitutions"], score["deletions"], score["insertions"], score["words"]) == (2, 2, 0, 8)
    assert score["wer"] == 0.5


def test_only_references_with_words_count():
    rows = [
        {"text": "something"},
        {"text": "else", "reference": None},
        {"text": "...", "reference": "(...)"},
        {"text": "yes", "reference": "yes"},
    ]
    score = score_transcripts(rows, "table")
    assert (score["utterances"], score["with_reference"], score["wer"], score["empty"]) == (4, 1, 0.0, 1)


@pytest.mark.parametrize("rows", [[], [{"text": "babble"}, {"text": ""}]])
def test_without_references_there_is_no_rate(rows):
    score = score_transcripts(rows, "table")
    assert (score["utterances"], score["with_reference"], score["empty"]) == (len(rows), 0, len(rows) // 2)
    assert all(score[key] is None for key in ERRORS)


def test_silence_all_over_is_an_error_unless_nothing_was_said():
    rows = [{"text": "", "reference": "hello"}] * 10
    with pytest.raises(AmelaError, match="not a word was recognised in 10 utterances of speech — table.jsonl"):
        score_transcripts(rows, "table.jsonl")
    assert score_transcripts(rows[:9], "table")["wer"] == 1.0
    assert score_transcripts([*rows, {"text": "hello", "reference": "hello"}], "table")["empty"] == 10
    assert score_transcripts([{"text": ""}] * 50, "table")["empty"] == 50
