"""Transcripts of a shard."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator

from amela.asr import Recogniser
from amela.audio.load import Loader, load_utterance
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance


def transcribe_all(
    utterances: Iterable[Utterance],
    recogniser: Recogniser,
    ledger: Ledger,
    journal: Journal,
    load: Loader = load_utterance,
) -> Iterator[Dict[str, Any]]:
    """Rows ``{"id", "text", "words"}`` in the order of the utterances.

    What the journal holds is not transcribed again; the rest is noted in it as it is
    finished. An utterance in which nothing was understood has an empty text.
    """
    for utterance in utterances:
        with ledger.guard(utterance.id):
            if utterance.id not in journal.rows:
                words = recogniser.transcribe(load(utterance))
                text = " ".join(word.word for word in words)
                journal.add({"id": utterance.id, "text": text, "words": [word._asdict() for word in words]})
            yield journal.rows[utterance.id]
