"""Transcripts of a shard."""

from __future__ import annotations

import itertools
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from amela.asr import Recogniser
from amela.asr.pieces import Intervals
from amela.asr.plan import Plan
from amela.asr.stream import Stream
from amela.audio.load import Loader
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance


def transcribe_all(
    utterances: Sequence[Utterance],
    recogniser: Recogniser,
    stream: Stream,
    ledger: Ledger,
    load: Loader,
    speech: Optional[Mapping[str, Intervals]] = None,
    overwrite: bool = False,
) -> Iterator[Dict[str, Any]]:
    """Rows ``{"id", "text", "model"}`` in the order of the utterances, with ``words`` and ``segments`` where known.

    An utterance in which nothing was understood has an empty text.

    Args:
        stream: of the recogniser.
        load: gives the samples of an utterance.
        speech: where it is in each utterance (s), by id; None: nobody looked.
        overwrite: transcribe what has a text too; else it keeps it, and ``model`` is None.
    """
    plans: Dict[str, Plan] = {}
    for utterance in utterances:
        if overwrite or not has_text(utterance):
            with ledger.guard(utterance.id):
                found = (speech or {}).get(utterance.id)
                plans[utterance.id] = Plan(utterance, recogniser.max_seconds, found, load)
    _understand(list(plans.values()), stream)
    for utterance in utterances:
        if utterance.id in plans:
            with ledger.guard(utterance.id):
                yield plans[utterance.id].row(recogniser.model)
        elif not overwrite and has_text(utterance):
            yield {"id": utterance.id, "text": utterance.text, "model": None}


def has_text(utterance: Utterance) -> bool:
    """Whether the manifest has a transcript of it."""
    return bool(utterance.text and utterance.text.strip())


def _understand(plans: List[Plan], stream: Stream) -> None:
    """Go on until no plan has anything to do; what is asked again comes in rounds of its own."""
    for number in itertools.count():
        todo = [(plan, piece) for plan in plans for piece in plan.todo()]
        if not todo:
            return
        outcomes = stream.run(str(number), [piece.of(plan.utterance) for plan, piece in todo])
        for (plan, piece), outcome in zip(todo, outcomes):
            plan.note(piece, outcome)
