"""What error rates compare: texts without what is not said (case, punctuation, spelling).

Standard library only at import.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Callable, Dict

APOSTROPHES = str.maketrans("’＇", "''")  # typographic forms of the one inside words
LETTER_APOSTROPHE = "\u02bc"  # one of them too, but where words begin and end a letter of many languages
BETWEEN_LETTERS = re.compile(rf"(?<=[^\s']){LETTER_APOSTROPHE}(?=[^\s'])")
ZERO_WIDTH_SPACE = "\u200b"  # parts words where no other space is written
NOT_INSIDE_A_WORD = re.compile(r"(?<![^\s'])'+|'+(?![^\s'])")  # an apostrophe that quotes rather than spells

Normaliser = Callable[[str], str]


def normalise(text: str) -> str:
    """The plain normaliser, for any language.

    Lower case, Unicode in composed form, white space in single blanks. Punctuation and
    symbols count as blanks, but apostrophes inside words stay (``don't``). Characters that
    only tell how others are written (joiners, soft hyphens) are left out. Digits stay as
    they are written: ``7`` and ``seven`` are two words.
    """
    text = unicodedata.normalize("NFC", text.lower()).translate(APOSTROPHES)
    text = BETWEEN_LETTERS.sub("'", "".join(map(_heard, text)))
    return " ".join(NOT_INSIDE_A_WORD.sub(" ", text).split())


def _heard(char: str) -> str:
    """The character, a blank or nothing."""
    category = unicodedata.category(char)
    if char == "'" or category[0] in "LMN":
        return char
    return "" if category == "Cf" and char != ZERO_WIDTH_SPACE else " "


def whisper_normaliser() -> Normaliser:
    """The normaliser that published error rates of English use.

    Spelled-out numbers become digits, British spelling American, contractions are
    written out, and "uh", "um", "hmm" and what stands in brackets go: Radford et al.
    (2023), Robust speech recognition via large-scale weak supervision, appendix C.
    Typographic apostrophes are straightened before; Whisper's own code takes ``won’t``
    for two words.
    """
    from whisper_normalizer.english import EnglishTextNormalizer

    english = EnglishTextNormalizer()
    return lambda text: english(text.translate(APOSTROPHES).replace(LETTER_APOSTROPHE, "'")).strip()


def normalisers() -> Dict[str, Normaliser]:
    """Every normaliser by its name in tables of scores."""
    return {"whisper": whisper_normaliser(), "plain": normalise}
