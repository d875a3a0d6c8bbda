"""Word and character errors of transcripts, summed over utterances."""

from __future__ import annotations

import re
from array import array
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import jiwer
import numpy as np

from amela.eval.normalisers import Normaliser

DECIMAL = re.compile(r"\s*\d+(\.\d*)?\s*", re.ASCII)

# counts of the utterances of a cell, under one normaliser
FIELDS = (
    "utterances",
    "kept",  # texts of the manifest, which nobody recognised
    "empty",  # transcribed, and without a word
    "scored",  # transcribed, with words in the reference
    "words",  # of the references of the scored ones
    "characters",  # likewise, blanks among them
    "substitutions",  # of words
    "deletions",
    "insertions",
    "character_errors",
    "shared_words",  # of the references of those that are scored in natural speech too
    "shared_errors",  # of their words, in this voice
    "natural_errors",  # of their words, in natural speech
    "missing",  # without a transcript, and in none of the other counts
)

NaturalErrors = Dict[str, Tuple[Optional[int], ...]]  # id → errors under each normaliser; None: not scored


class Errors(NamedTuple):
    """Of one utterance; as long as FIELDS from ``words`` to ``character_errors``."""

    words: int
    characters: int
    substitutions: int
    deletions: int
    insertions: int
    character_errors: int

    @property
    def word_errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions


class Cell(NamedTuple):
    """Utterances that are counted together: of one speaker at one age."""

    speaker: Optional[str]
    recording: Optional[str]  # where nobody knows the speaker: it stands for one
    age: Optional[str]


def count_errors(reference: str, hypothesis: str) -> Errors:
    """The smallest numbers of edits that make the hypothesis of the reference; texts as normalisers leave them."""
    words = jiwer.process_words(reference, hypothesis)
    characters = jiwer.process_characters(reference, hypothesis)
    return Errors(
        words.hits + words.substitutions + words.deletions,
        characters.hits + characters.substitutions + characters.deletions,
        words.substitutions,
        words.deletions,
        words.insertions,
        characters.substitutions + characters.deletions + characters.insertions,
    )


def cell_of(row: Mapping[str, Any]) -> Cell:
    """Cell of an utterance; ``3`` and ``3.0`` are one age."""
    speaker, age = _name(row.get("speaker")), _name(_number(row.get("age")))
    return Cell(speaker, None if speaker is not None else str(row.get("recording") or row["id"]), age)


def _number(age: Any) -> Any:
    """The number that a text is: a table of texts has ``3.0`` where another of its rows has a fraction, or none."""
    return float(age) if isinstance(age, str) and DECIMAL.fullmatch(age) else age


def _name(value: Any) -> Optional[str]:
    whole = isinstance(value, float) and value.is_integer()
    return None if value in (None, "") else str(int(value) if whole else value)


class Tally:
    """Counts of the utterances of one voice, by cell: memory for cells and, of natural speech, ids.

    Args:
        normalisers: name → function, in the order of the counts.
        natural: ``natural`` of the tally of natural speech; None: this is the one.
    """

    def __init__(self, normalisers: Mapping[str, Normaliser], natural: Optional[NaturalErrors] = None) -> None:
        self.normalisers = dict(normalisers)
        self.natural: NaturalErrors = {} if natural is None else natural
        self._is_natural = natural is None
        self._cells: Dict[Cell, int] = {}
        self._counts = array("q")  # cells × normalisers × FIELDS

    @property
    def cells(self) -> List[Cell]:
        """In the order of their first utterances."""
        return list(self._cells)

    def counts_CF(self, normaliser: str) -> np.ndarray:
        """Counts of each cell, shape (C, len(FIELDS)), int64."""
        counts_CNF = np.array(self._counts, np.int64).reshape(-1, len(self.normalisers), len(FIELDS))
        return counts_CNF[:, list(self.normalisers).index(normaliser)]

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one utterance.

        Args:
            row: ``id``, ``text`` (hypothesis), ``reference`` where known, ``model`` (None: the text was kept
                from the manifest), ``speaker``, ``recording``, ``age`` where known.
        """
        begin = self._begin(cell_of(row))
        found: List[Optional[int]] = []
        for number, normaliser in enumerate(self.normalisers.values()):
            natural = None if self._is_natural else self.natural.get(row["id"], (None,) * (number + 1))[number]
            counts, errors = _counts(row, normaliser, natural)
            found.append(errors)
            for position, count in enumerate(counts, begin + number * len(FIELDS)):
                self._counts[position] += count
        if self._is_natural:
            self.natural[row["id"]] = tuple(found)

    def miss(self, cell: Cell) -> None:
        """Count one utterance that has no transcript."""
        begin = self._begin(cell) + FIELDS.index("missing")
        for number in range(len(self.normalisers)):
            self._counts[begin + number * len(FIELDS)] += 1

    def _begin(self, cell: Cell) -> int:
        """Where the counts of a cell begin, which may be a new one."""
        width = len(self.normalisers) * len(FIELDS)
        begin = width * self._cells.setdefault(cell, len(self._cells))
        if begin == len(self._counts):
            self._counts.extend([0] * width)
        return begin


def _counts(
    row: Mapping[str, Any], normaliser: Normaliser, natural: Optional[int]
) -> Tuple[Sequence[int], Optional[int]]:
    """FIELDS of one utterance (without trailing zeros), and how many of its words are wrong, if it is scored."""
    if row.get("model", "") is None:
        return (1, 1), None
    hypothesis, reference = normaliser(row["text"]), normaliser(row.get("reference") or "")
    if not reference:
        return (1, 0, not hypothesis), None
    errors = count_errors(reference, hypothesis)
    shared = () if natural is None else (errors.words, errors.word_errors, natural)
    return (1, 0, not hypothesis, 1, *errors, *shared), errors.word_errors
