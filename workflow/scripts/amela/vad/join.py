"""Utterances joined to what an earlier stage says of them, without losing one. Standard library only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Mapping, Optional, Set, Tuple, TypeVar

from amela.errors import DataError
from amela.io.jsonl import read_jsonl
from amela.io.manifest import Utterance
from amela.vad.statistics import speech_ratio

Value = TypeVar("Value")


def rejected_ids(paths: Iterable[Path]) -> Set[str]:
    """Ids in these ledgers."""
    return {row["id"] for path in paths for row in read_jsonl(path)}


def joined(
    utterances: Iterable[Utterance], values: Mapping[str, Value], rejected: Set[str], where: object
) -> Iterator[Tuple[Utterance, Value]]:
    """Each utterance with its value, in the order of ``utterances``; rejected ones are left out.

    Raises:
        DataError: an utterance has neither a value nor a row in a ledger, or both, or a
            value belongs to no utterance. ``where`` names the file of the values.
    """
    left = dict(values)
    for utterance in utterances:
        if (utterance.id in left) == (utterance.id in rejected):
            found = "both a row and a rejection" if utterance.id in left else "neither a row nor a rejection"
            raise DataError(f"utterance {utterance.id!r} has {found}", where, "make the stage before again")
        if utterance.id in left:
            yield utterance, left.pop(utterance.id)
    if left:
        raise DataError(f"{len(left)} rows of no utterance, the first {min(left)!r}", where, "make it again")


def with_speech(utterance: Utterance, speech: Iterable[Tuple[float, float]]) -> Utterance:
    """The utterance with its share of speech as ``speech``."""
    share = speech_ratio(list(speech), utterance.duration)
    return replace(utterance, metadata={**utterance.metadata, "speech": share})


def reason_to_leave_out(utterance: Utterance, limits: Dict[str, Any]) -> Optional[str]:
    """Why an utterance is no part of its corpus' manifest; None if it is.

    Args:
        utterance: as ``with_speech`` gives it.
        limits: ``min_duration``, ``max_duration`` (s; None: no limit), ``min_speech`` (share).
    """
    duration, share = utterance.duration, utterance.metadata["speech"]
    if duration < limits["min_duration"]:
        return f"duration {duration:g} s is below min_duration {limits['min_duration']:g} s"
    if limits["max_duration"] is not None and duration > limits["max_duration"]:
        return f"duration {duration:g} s is above max_duration {limits['max_duration']:g} s"
    if share < limits["min_speech"]:
        return f"speech {share:g} is below min_speech {limits['min_speech']:g}"
    return None
