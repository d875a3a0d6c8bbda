"""Mirrors workflow/scripts/amela/eval/normalisers.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from amela.eval import normalisers
from amela.eval.normalisers import normalise, whisper_normaliser


@pytest.fixture(scope="module")
def whisper():
    pytest.importorskip("whisper_normalizer")
    return whisper_normaliser()


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
        ("ශ්\u200dරී", "ශ්රී"),  # joiners and soft hyphens shape words and part none
        ("می\u200cخواهم Wort\u00adteil", "میخواهم wortteil"),
        ("ខ្ញុំ\u200bទៅ", "ខ្ញុំ ទៅ"),
        ("\ufeffyes", "yes"),
        ("tó tó\u02bc \u02bcya\u02bcya, it\u02bcs", "tó tó\u02bc \u02bcya'ya it's"),  # a letter of Navajo and Hausa
        ("b\u0105\u0301\u02bcah b\u0105\u0301’ah", "b\u0105\u0301'ah b\u0105\u0301'ah"),  # behind a mark too
    ],
)
def test_plain(text, expected):
    assert normalise(text) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twenty one", "21"),
        ("He won't like the colour", "he will not like the color"),
        ("uh, the 1960s", "the 1960s"),
        ("Hmm.", ""),
        # of the examples and tests that came with Whisper
        ("Let's", "let us"),
        ("he's like", "he is like"),
        ("she's been like", "she has been like"),
        ("10km", "10 km"),
        ("10mm", "10 mm"),
        ("RC232", "rc 232"),
        ("Mr. Park visited Assoc. Prof. Kim Jr.", "mister park visited associate professor kim junior"),
        ("two and a half", "2.5"),
        ("one hundred and twenty-three", "123"),
        ("eighteen thousand dollars", "$18000"),
        ("two double o seven", "2007"),
        ("two hundred and eight percent", "208%"),
        ("mobilisation", "mobilization"),
        ("", ""),
    ],
)
def test_whisper(whisper, text, expected):
    assert whisper(text) == expected


def test_whisper_takes_typographic_apostrophes_for_straight_ones(whisper):
    assert whisper("  I can’t ") == whisper("I can\u02bct") == whisper("I can't") == "i can not"


def test_whisper_as_another_package_has_it(whisper):
    other = pytest.importorskip("transformers.models.whisper.english_normalizer")
    spelling = whisper("colour centre grey").split()  # its table of spellings is no part of that package
    theirs = other.EnglishTextNormalizer(dict(zip(("colour", "centre", "grey"), spelling)))
    words = "the dog's won't one oh five twenty first hundred thousand and point dollars cents $5 3rd 1,000 (x) é - two"
    vocabulary = [*words.split(), "colour", "centre", "grey", "a half", "per cent", "dr.", "[noise]"]
    for step in range(1, 60):
        text = " ".join(vocabulary[(step * k * k + k) % len(vocabulary)] for k in range(12))
        assert whisper(text) == theirs(text).strip()


def test_the_plain_one_needs_the_standard_library_alone():
    scripts = Path(normalisers.__file__).parents[2]
    program = "import sys; from amela.eval.normalisers import normalise; print(normalise('A, b!'), *sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-S", "-B", "-c", program], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith("a b ")
    assert not {"numpy", "jiwer", "scipy", "whisper_normalizer"} & set(answer.stdout.split())
