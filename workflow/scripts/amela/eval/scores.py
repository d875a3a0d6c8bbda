"""The table of error rates of one recogniser: voices × normalisers × groups of speakers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from amela.eval.bootstrap import Rates, intervals
from amela.eval.error_rate import FIELDS, Cell, NaturalErrors, Tally, cell_of
from amela.eval.normalisers import Normaliser
from amela.io.atomic import open_atomic

RATE_COLUMNS = {
    "wer": ("wer", "wer_low", "wer_high"),
    "cer": ("cer", "cer_low", "cer_high"),
    "added": ("added_wer", "added_low", "added_high"),
}
OF_REFERENCES = ("words", "characters", "substitutions", "deletions", "insertions")
COUNTED = ("utterances", "missing", "scored", "kept", "empty", *OF_REFERENCES)
NAMES = ("voice", "normaliser", "group", "value")
COLUMNS = (*NAMES, "speakers", *COUNTED, *(column for columns in RATE_COLUMNS.values() for column in columns))
DECIMALS = 6
NATURAL = "natural"
AT = {name: number for number, name in enumerate(FIELDS)}


class Group(NamedTuple):
    """Some of the cells of a tally."""

    group: str  # all, speaker or age
    value: str  # the speaker or the age; empty: all, or those of whom it is not known
    cells: List[int]


def score_voices(
    tables: Mapping[str, Iterable[Mapping[str, Any]]],
    normalisers: Mapping[str, Normaliser],
    manifest: Iterable[Mapping[str, Any]],
) -> Iterator[Dict[str, Any]]:
    """Rows of COLUMNS of every voice, in order; those after natural speech are compared with it.

    Args:
        tables: voice → its rows (``Tally.add``); each is read once, and one voice after the other.
        manifest: the corpus' utterances: those that are not in the table of a voice are missing there.
    """
    cells = _cells(manifest)
    natural: NaturalErrors = {}
    for voice, rows in tables.items():
        tally = Tally(normalisers, None if voice == NATURAL else natural)
        missing = dict(cells)
        for row in rows:
            tally.add(row)
            missing.pop(row["id"], None)
        for cell in missing.values():
            tally.miss(cell)
        natural = tally.natural
        yield from score_rows(voice, tally)


def _cells(manifest: Iterable[Mapping[str, Any]]) -> Dict[str, Cell]:
    """Cell of each utterance, by id; utterances share it, for the sake of memory."""
    shared: Dict[Cell, Cell] = {}
    return {row["id"]: shared.setdefault(cell, cell) for row in manifest for cell in [cell_of(row)]}


def write_scores(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write the table (TSV, empty where there is nothing to tell), whole or not at all; returns its rows."""
    with open_atomic(path) as out:
        writer = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        count = 0
        for row in rows:
            # Names may be of file names whose bytes are no UTF-8.
            writer.writerow({**row, "value": row["value"].encode("utf-8", "backslashreplace").decode("utf-8")})
            count += 1
    return count


def score_rows(voice: str, tally: Tally) -> Iterator[Dict[str, Any]]:
    """Rows of COLUMNS, of one voice: None where there is nothing to tell.

    Rates are errors by words (characters) of the references, summed over utterances, so that long ones weigh
    more; they may exceed 1. ``added_wer`` is how much higher the rate is than that of natural speech, over the
    utterances that are scored in both.
    """
    units_C = _units(tally)
    for normaliser in tally.normalisers:
        counts_CF = tally.counts_CF(normaliser)
        for group in groups(tally):
            cells = np.array(group.cells, np.int64)
            names = (voice, normaliser, group.group, group.value)
            yield {**dict(zip(NAMES, names)), **_scores(_by_unit(counts_CF[cells], units_C[cells]))}


def groups(tally: Tally) -> List[Group]:
    """All, then every speaker and every age, where any is known; those that are not known last."""
    found = [Group("all", "", list(range(len(tally.cells))))]
    for name in ("speaker", "age"):
        cells_of: Dict[Optional[str], List[int]] = {}
        for index, cell in enumerate(tally.cells):
            cells_of.setdefault(getattr(cell, name), []).append(index)
        if set(cells_of) - {None}:
            found += [Group(name, value or "", cells_of[value]) for value in sorted(cells_of, key=_order)]
    return found


def _order(value: Optional[str]) -> Tuple[bool, float, str]:
    """Numbers by their size, then names, then what is not known."""
    try:
        size = float(value or "inf")
    except ValueError:
        size = np.inf
    return value is None, size if size == size else np.inf, value or ""


def _units(tally: Tally) -> np.ndarray:
    """Number of the speaker (or recording) of each cell, shape (C,): by name, so that no order of rows matters."""
    names = [(cell.speaker or "", cell.recording or "") for cell in tally.cells]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([numbers[name] for name in names], np.int64)


def _by_unit(counts_CF: np.ndarray, units_C: np.ndarray) -> np.ndarray:
    """Counts of each speaker (or recording), shape (U, F)."""
    numbers, places_C = np.unique(units_C, return_inverse=True)
    counts_UF = np.zeros((len(numbers), counts_CF.shape[1]), np.int64)
    np.add.at(counts_UF, places_C, counts_CF)
    return counts_UF


def _scores(counts_UF: np.ndarray) -> Dict[str, Any]:
    """Sums and rates of a group; ``speakers`` are those who have references."""
    sums = dict(zip(FIELDS, counts_UF.sum(0).tolist()))
    known = {name: sums[name] if sums["scored"] or name not in OF_REFERENCES else None for name in COUNTED}
    scored_UF, shared_UF = (counts_UF[counts_UF[:, AT[name]] > 0] for name in ("words", "shared_words"))
    return {
        "speakers": len(scored_UF),
        **known,
        **_rates(("wer", "cer"), scored_UF, _wer_and_cer),
        **_rates(("added",), shared_UF, _added_wer),
    }


def _rates(names: Sequence[str], counts_UF: np.ndarray, rates: Rates) -> Dict[str, Optional[float]]:
    """Each rate and its interval; None without units, the interval None of a single one."""
    if not len(counts_UF):
        return dict.fromkeys(column for name in names for column in RATE_COLUMNS[name])
    values_R1 = rates(counts_UF.sum(0)[:, None])
    found = intervals(counts_UF, rates)
    bounds_R2 = np.full((len(names), 2), np.nan) if found is None else found
    numbers_R3 = np.concatenate([values_R1, bounds_R2], axis=1).round(DECIMALS) + 0.0  # no -0.0
    return {
        column: None if np.isnan(number) else number
        for name, numbers in zip(names, numbers_R3.tolist())
        for column, number in zip(RATE_COLUMNS[name], numbers)
    }


def _wer_and_cer(sums_FB: np.ndarray) -> np.ndarray:
    errors = sums_FB[AT["substitutions"]] + sums_FB[AT["deletions"]] + sums_FB[AT["insertions"]]
    return np.stack(
        [errors / sums_FB[AT["words"]], sums_FB[AT["character_errors"]] / sums_FB[AT["characters"]]],
    )


def _added_wer(sums_FB: np.ndarray) -> np.ndarray:
    added = sums_FB[AT["shared_errors"]] - sums_FB[AT["natural_errors"]]
    return np.stack([added / sums_FB[AT["shared_words"]]])
