"""Transcripts of a shard."""

from __future__ import annotations

import itertools
import time
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

from amela.asr.pieces import Intervals
from amela.asr.plan import Plan
from amela.asr.stream import Stream
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance

Row = Dict[str, Any]


def has_text(utterance: Utterance) -> bool:
    """Whether the manifest has a transcript of it."""
    return bool(utterance.text and utterance.text.strip())


def transcribe_all(
    utterances: Sequence[Utterance],
    stream: Stream,
    ledger: Ledger,
    speech: Optional[Mapping[str, Intervals]] = None,
) -> Iterator[Row]:
    """Rows ``{"id", "text", "model"}`` in the order of the utterances, with ``words`` and ``segments`` where known.

    An utterance in which nothing was understood has an empty text. A piece of something long
    that was rejected is a row of the ledger too, with its ``start`` and ``end``.

    Args:
        speech: where it is in each utterance (s), by id; None: nobody looked.
    """
    begin = time.perf_counter()
    plans: Dict[str, Plan] = {}
    for utterance in utterances:
        with ledger.guard(utterance.id):
            found = (speech or {}).get(utterance.id)
            plans[utterance.id] = Plan(utterance, stream.recogniser.max_seconds, found, stream.load)
    stream.waited += time.perf_counter() - begin  # what must be cut and has no known pauses is read for it
    _understand(list(plans.values()), stream)
    for name, plan in plans.items():
        with ledger.guard(name):
            row = plan.row(stream.recogniser.model)
            for segment in row.get("segments", ()):
                if "rejected" in segment:
                    ledger.reject(name, segment["rejected"], start=segment["start"], end=segment["end"])
            yield row


def _understand(plans: List[Plan], stream: Stream) -> None:
    """Go on until no plan has anything to do; what is asked again comes in rounds of its own."""
    for number in itertools.count():
        todo = [(plan, piece) for plan in plans for piece in plan.todo()]
        if not todo:
            return
        outcomes = stream.run(str(number), [piece.of(plan.utterance) for plan, piece in todo])
        for (plan, piece), outcome in zip(todo, outcomes):
            plan.note(piece, outcome)


def with_kept(utterances: Iterable[Utterance], asked: Iterable[Utterance], rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of all utterances in their order: of those that were asked, and of others the text that they keep."""
    transcribed = {utterance.id: None for utterance in asked}
    transcribed.update((row["id"], row) for row in rows)
    for utterance in utterances:
        row = transcribed.get(utterance.id, {"id": utterance.id, "text": utterance.text, "model": None})
        if row is not None:
            yield row
