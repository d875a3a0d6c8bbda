"""Word and character error rates of transcripts."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Dict, Iterable, List, Mapping, Tuple

import jiwer

from amela.errors import AmelaError

APOSTROPHES = str.maketrans("’ʼ＇", "'''")  # typographic forms of the one inside words
NOT_INSIDE_A_WORD = re.compile(r"(?<!\w)'+|'+(?!\w)")  # an apostrophe that quotes rather than spells
LEAST_TO_JUDGE = 10  # utterances: fewer may all be empty by chance


def normalise(text: str) -> str:
    """Text as error rates compare it.

    Lower case, Unicode in composed form, white space in single blanks. Punctuation and
    symbols count as blanks, but apostrophes inside words stay (``don't``). Digits stay as
    they are written: ``7`` and ``seven`` are two words.
    """
    text = unicodedata.normalize("NFC", text.lower()).translate(APOSTROPHES)
    text = NOT_INSIDE_A_WORD.sub(" ", text)
    return " ".join("".join(char if _is_spoken(char) else " " for char in text).split())


def _is_spoken(char: str) -> bool:
    return char == "'" or unicodedata.category(char)[0] in "LMN"


def score_transcripts(rows: Iterable[Mapping[str, Any]], where: object) -> Dict[str, Any]:
    """Errors over all utterances whose reference has words.

    Rates are errors by words (characters, blanks among them) of the references, summed
    over utterances, so that long ones weigh more; they may exceed 1.

    Args:
        rows: ``text`` (hypothesis) and, where known, ``reference``.
        where: the rows' file, for the message.

    Returns:
        ``utterances, with_reference, wer, cer, substitutions, deletions, insertions, words,
        empty``; rates and counts of errors are None without any reference. ``empty`` counts
        the utterances in which no word was recognised.

    Raises:
        AmelaError: nothing was recognised in any of ten or more utterances whose references
            have words.
    """
    n_utterances = n_empty = 0
    pairs: List[Tuple[str, str]] = []
    for row in rows:
        hypothesis, reference = normalise(row["text"]), normalise(row.get("reference") or "")
        n_utterances += 1
        n_empty += not hypothesis
        if reference:
            pairs.append((reference, hypothesis))
    if len(pairs) >= LEAST_TO_JUDGE and not any(hypothesis for _, hypothesis in pairs):
        raise AmelaError(
            f"not a word was recognised in {len(pairs)} utterances of speech", where, "listen to the audio"
        )
    counts = {"utterances": n_utterances, "with_reference": len(pairs)}
    return {**counts, **_errors(pairs), "empty": n_empty}


def _errors(pairs: List[Tuple[str, str]]) -> Dict[str, Any]:
    if not pairs:
        return dict.fromkeys(("wer", "cer", "substitutions", "deletions", "insertions", "words"))
    references, hypotheses = map(list, zip(*pairs))
    words = jiwer.process_words(references, hypotheses)
    characters = jiwer.process_characters(references, hypotheses)
    return {
        "wer": round(words.wer, 6),
        "cer": round(characters.cer, 6),
        "substitutions": words.substitutions,
        "deletions": words.deletions,
        "insertions": words.insertions,
        "words": words.hits + words.substitutions + words.deletions,
    }
