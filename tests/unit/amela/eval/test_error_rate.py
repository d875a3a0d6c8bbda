"""Mirrors workflow/scripts/amela/eval/error_rate.py."""

import random

import pytest

from amela.eval.error_rate import FIELDS, Cell, Tally, cell_of, count_errors
from amela.eval.normalisers import normalise

PLAIN = {"plain": normalise}


def tallied(rows, natural=None):
    tally = Tally(PLAIN, natural)
    for number, row in enumerate(rows):
        tally.add({"id": f"u{number}", "recording": "r", "model": "m", **row})
    return tally


def sums(tally):
    return dict(zip(FIELDS, tally.counts_CF("plain").sum(0).tolist()))


def distance(reference, hypothesis):
    """Levenshtein distance by its recursive definition, row by row; shares no code with jiwer."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        row, above = [i], row
        for j, found in enumerate(hypothesis, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (wanted != found)))
    return row[-1]


def test_errors_are_edit_distances():
    chance = random.Random(0)
    for _ in range(60):
        reference, text = (" ".join(chance.choices(["a", "be", "sea", "deed"], k=chance.randint(1, 9))) for _ in "rt")
        errors = count_errors(reference, text)
        assert errors.word_errors == distance(reference.split(), text.split())
        assert errors.character_errors == distance(reference, text)
        assert (errors.words, errors.characters) == (len(reference.split()), len(reference))
        assert errors.insertions - errors.deletions == len(text.split()) - len(reference.split())


def test_kinds_of_errors_by_hand():
    errors = count_errors("the cat sat on the mat of it", "the cat sits on on it")
    assert (errors.substitutions, errors.deletions, errors.insertions, errors.words) == (2, 2, 0, 8)
    nothing = count_errors("a bc", "")
    assert (nothing.deletions, nothing.word_errors, nothing.character_errors) == (2, 2, 4)


def test_what_is_counted():
    tally = tallied(
        [
            {"text": "a b", "reference": "a, c!"},
            {"text": "...", "reference": "a"},
            {"text": "a"},
            {"text": "", "reference": None},
            {"text": "a", "reference": "(...)"},
            {"text": "kept", "model": None},
        ]
    )
    counted = sums(tally)
    assert {name: counted[name] for name in ("utterances", "kept", "empty", "scored", "words", "characters")} == {
        "utterances": 6, "kept": 1, "empty": 2, "scored": 2, "words": 3, "characters": 4,
    }  # fmt: skip
    assert (counted["substitutions"], counted["deletions"], counted["character_errors"]) == (1, 1, 2)
    assert tally.natural == {"u0": (1,), "u1": (1,), "u2": (None,), "u3": (None,), "u4": (None,), "u5": (None,)}
    assert counted["shared_words"] == 0


def test_a_table_that_does_not_name_its_model_was_transcribed():
    tally = Tally(PLAIN)
    tally.add({"id": "a", "text": "yes", "reference": "yes"})
    assert sums(tally)["scored"] == 1


def test_a_voice_is_compared_over_what_is_scored_in_both():
    natural = tallied(
        [{"text": "a x", "reference": "a b"}, {"text": "a", "model": None}, {"text": "c", "reference": "c"}]
    ).natural
    del natural["u2"]  # as if it were rejected
    voice = tallied([{"text": "x y", "reference": "a b"}, *[{"text": "x", "reference": "c"}] * 2], natural)
    counted = sums(voice)
    assert (counted["scored"], counted["words"], counted["substitutions"]) == (3, 4, 4)
    assert (counted["shared_words"], counted["shared_errors"], counted["natural_errors"]) == (2, 2, 1)
    assert set(natural) == {"u0", "u1"}, "a voice adds nothing to natural speech"


def test_what_is_missing_counts_nowhere_else():
    tally = Tally({"plain": normalise, "other": str})
    tally.miss(Cell("x", None, "1"))
    tally.add({"id": "a", "speaker": "y", "text": "a", "reference": "a"})
    tally.miss(Cell("y", None, None))
    tally.miss(Cell("y", None, None))
    assert tally.cells == [("x", None, "1"), ("y", None, None)] and list(tally.natural) == ["a"]
    for name in ("plain", "other"):
        counts_CF = tally.counts_CF(name)
        assert counts_CF[:, FIELDS.index("missing")].tolist() == [1, 2]
        assert counts_CF[0].sum() == 1 and counts_CF[1, FIELDS.index("utterances")] == 1


def test_each_normaliser_has_counts_of_its_own():
    tally = Tally({"plain": normalise, "without vowels": lambda text: text.strip("aeiou")})
    tally.add({"id": "a", "text": "x", "reference": "a"})
    tally.add({"id": "b", "text": "b", "reference": "a"})
    assert tally.counts_CF("plain")[:, FIELDS.index("scored")].tolist() == [1, 1]
    assert tally.counts_CF("without vowels")[:, FIELDS.index("scored")].tolist() == [0, 0]
    assert tally.natural == {"a": (1, None), "b": (1, None)}


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ({"speaker": "anna", "age": 6, "recording": "r"}, ("anna", None, "6")),
        ({"speaker": 7, "age": "2;06"}, ("7", None, "2;06")),
        ({"speaker": "", "age": "", "recording": "r"}, (None, "r", None)),
        ({"speaker": None}, (None, "u", None)),
        ({"age": 0}, (None, "u", "0")),
        ({"speaker": 7.0, "age": 3.0}, ("7", None, "3")),
        ({"speaker": "7.0", "age": 3.5}, ("7.0", None, "3.5")),
        ({"age": float("inf")}, (None, "u", "inf")),
        ({"speaker": "007", "age": "3.0"}, ("007", None, "3")),  # of a table of texts
        ({"age": " 03"}, (None, "u", "3")),
        ({"age": "3.5"}, (None, "u", "3.5")),
        ({"age": "3-5"}, (None, "u", "3-5")),
        ({"age": "٣"}, (None, "u", "٣")),
    ],
)
def test_cells(row, cell):
    assert cell_of({"id": "u", **row}) == Cell(*cell)


def test_utterances_of_a_cell_add_up():
    rows = [{"text": "a", "reference": "a b", "speaker": name, "age": age} for name in "xyx" for age in (1, 2)]
    tally = tallied(rows)
    assert tally.cells == [("x", None, "1"), ("x", None, "2"), ("y", None, "1"), ("y", None, "2")]
    assert tally.counts_CF("plain")[:, FIELDS.index("words")].tolist() == [4, 4, 2, 2]
