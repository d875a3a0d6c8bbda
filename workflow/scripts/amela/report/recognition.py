"""Error rates of the recognisers: natural speech, and each resynthesis beside it."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Tuple

from amela.report import collect, figures
from amela.report.collect import Results, Row

SHOWN = "plain"  # normaliser of the figure, of ages and speakers, and of the summary: right for any language
SPEAKERS_SHOWN = 20  # those with most errors; the table of scores holds them all
AGES_SHOWN = 40
BOUNDS = {"wer": ("wer_low", "wer_high"), "cer": ("cer_low", "cer_high"), "added_wer": ("added_low", "added_high")}


def rate(row: Row, name: str) -> str:
    """``12.3 [10.1, 14.9]``: percent, with the interval where there is one; a dash for nothing."""
    if row[name] is None:
        return "–"
    sign = "+" if name == "added_wer" else ""
    low, high = (row[bound] for bound in BOUNDS[name])
    interval = "" if low is None else f" [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"
    return f"{100 * row[name]:{sign}.1f}{interval}".replace("-", "−")


def scored(row: Row) -> str:
    """``9 of 10``: of the utterances of the corpus, those that are missing among them."""
    return f"{row['scored']:,} of {row['utterances'] + row['missing']:,}"


def recognition_section(results: Results) -> Dict[str, Any]:
    tables: Dict[Tuple[str, str], List[Row]] = {}
    for row in collect.asr_scores(results):
        tables.setdefault((row["corpus"], row["asr"]), []).append(row)
    whole = [row for rows in tables.values() for row in rows if row["group"] == "all"]
    drawn = [row for row in whole if row["normaliser"] == SHOWN and row["wer"] is not None]
    return {
        "shown": SHOWN,
        "figure": figures.error_rates(drawn) if drawn else None,
        "tables": [{"corpus": corpus, "asr": asr, **_table(rows)} for (corpus, asr), rows in tables.items()],
    }


def _table(scores: List[Row]) -> Row:
    """What is shown of one corpus and recogniser."""
    whole = [row for row in scores if row["group"] == "all"]
    return {
        "rows": whole,
        "kept": max(row["kept"] or 0 for row in whole),
        "rejected": [row for row in whole if row["normaliser"] == SHOWN and row["missing"]],
        "voices": _voices(scores),
        "ages": _beginning(_parts(scores, "age"), AGES_SHOWN),
        "speakers": _beginning(_worst_first(_parts(scores, "speaker")), SPEAKERS_SHOWN),
    }


def _voices(scores: List[Row]) -> List[str]:
    return list(dict.fromkeys(row["voice"] for row in scores))


def word_error_facts(results: Results) -> List[Tuple[str, Any]]:
    """Name and value of each voice's word error rate, and of its interval, for the summary."""
    facts: List[Tuple[str, Any]] = []
    for row in collect.asr_scores(results):
        if row["group"] == "all" and row["normaliser"] == SHOWN:
            voice = "natural speech" if row["voice"] == "natural" else f"resynthesis by {row['voice']}"
            name = f"{row['corpus']}: WER of {voice} ({row['asr']})"
            facts.append((name, row["wer"]))
            if row["wer_low"] is not None:
                facts.append((f"{name}, 95 % interval", f"{row['wer_low']:.3g} to {row['wer_high']:.3g}"))
            if row["missing"]:
                facts.append((f"{name}, utterances without a transcript", row["missing"]))
    return facts


def _parts(scores: List[Row], group: str) -> List[Row]:
    """The values of a group, where there are two to compare, each with a row of every voice."""
    found: Dict[str, Dict[str, Row]] = {}
    for row in scores:
        if row["group"] == group and row["normaliser"] == SHOWN:
            found.setdefault(row["value"], {})[row["voice"]] = row
    parts = [{"value": value, "voices": [rows[voice] for voice in _voices(scores)]} for value, rows in found.items()]
    return parts if len(parts) > 1 else []


def _worst_first(parts: List[Row]) -> List[Row]:
    """By the rate of the first voice, then by that of the next."""
    return sorted(parts, key=lambda part: [math.inf if row["wer"] is None else -row["wer"] for row in part["voices"]])


def _beginning(parts: List[Row], most: int) -> Row:
    """The first of them; ``more`` is how many are not shown."""
    return {"rows": parts[:most], "more": len(parts[most:])}
