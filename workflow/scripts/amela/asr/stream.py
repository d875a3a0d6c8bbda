"""Pieces of speech through a recogniser: longest first, decoded ahead, with a journal."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Dict, Iterator, List, Sequence, Tuple, Union

import numpy as np

from amela.asr import Outcome, Recogniser, Transcript, Word
from amela.audio.load import Loader
from amela.batches import ahead, by_length, in_halves
from amela.errors import Rejected
from amela.io.journal import Journal
from amela.io.manifest import Utterance

MOST_LOADERS = 8  # threads that decode audio
LEAST_SECONDS = 2.0  # that a piece counts as in a batch: the prompt and the first words take as long as some speech

Loaded = Union[np.ndarray, Rejected]  # samples, or why there are none


def longest_first(seconds: Sequence[float], batch_seconds: float) -> List[List[int]]:
    """Indices of pieces in batches of at most ``batch_seconds`` with their padding, the longest pieces first.

    What is too much for a device then shows at the start. With 0 every piece has a batch of
    its own, in the given order.
    """
    batches = by_length([max(LEAST_SECONDS, each) for each in seconds], batch_seconds)
    return [batch[::-1] for batch in reversed(batches)] if batch_seconds > 0 else batches


class Stream:
    """Transcribes pieces of speech.

    Attributes:
        waited, worked: seconds that the recogniser waited for audio, and that it took.
    """

    def __init__(self, recogniser: Recogniser, load: Loader, journal: Journal, batch_seconds: float = 0.0) -> None:
        """
        Args:
            load: gives the samples of a piece.
            journal: keeps the outcomes of each batch. Batches are those of all pieces: what is
                left of one would make others, and these, by rounding, other words now and then.
            batch_seconds: padded seconds a batch; 0: as the recogniser would have it.
        """
        self._recogniser = recogniser
        self._load = load
        self._journal = journal
        self.batch_seconds = batch_seconds or recogniser.batch_seconds
        self.waited = self.worked = 0.0

    def run(self, name: str, pieces: Sequence[Utterance]) -> List[Outcome]:
        """Outcome of each piece, in their order. ``name`` tells these pieces from others in the journal.

        Raises:
            AmelaError: one piece alone is too much for the device.
        """
        outcomes: Dict[int, Outcome] = {}
        batches = longest_first([piece.duration for piece in pieces], self.batch_seconds)
        named = [(f"{name}/{number}", batch) for number, batch in enumerate(batches)]
        todo = [(key, batch) for key, batch in named if key not in self._journal.rows]
        n_loaders = min(MOST_LOADERS, len(os.sched_getaffinity(0))) if self.batch_seconds else 1
        with ThreadPoolExecutor(n_loaders) as pool:
            for (key, _), loading in ahead(self._begin(todo, pieces, pool)):
                found = self._transcribe(loading)
                self._journal.add({"id": key, "outcomes": [_row(outcome) for outcome in found]})
        for key, batch in named:
            outcomes.update(zip(batch, map(_outcome, self._journal.rows[key]["outcomes"])))
        return [outcomes[index] for index in range(len(pieces))]

    def _begin(
        self, todo: Sequence[Tuple[str, List[int]]], pieces: Sequence[Utterance], pool: ThreadPoolExecutor
    ) -> Iterator[Tuple[Tuple[str, List[int]], List[Future]]]:
        """Every batch, with its audio being decoded."""
        for key, batch in todo:
            yield (key, batch), [pool.submit(self._loaded, pieces[index]) for index in batch]

    def _loaded(self, piece: Utterance) -> Loaded:
        try:
            samples_N = self._load(piece)
        except Rejected as error:
            return error
        return samples_N if np.isfinite(samples_N).all() else Rejected("samples that are not finite")

    def _transcribe(self, loading: Sequence[Future]) -> List[Outcome]:
        """Outcomes of one batch; what could not be read is its own."""
        begin = time.perf_counter()
        loaded = [future.result() for future in loading]
        ready = time.perf_counter()
        clips = [samples_N for samples_N in loaded if not isinstance(samples_N, Rejected)]
        understood = iter(in_halves(self._recogniser.transcribe, clips, "lower max_seconds of the recogniser"))
        self.waited += ready - begin
        self.worked += time.perf_counter() - ready
        return [each if isinstance(each, Rejected) else next(understood) for each in loaded]


def _row(outcome: Outcome) -> Dict[str, Any]:
    """What the journal keeps."""
    return {"reason": str(outcome)} if isinstance(outcome, Rejected) else outcome._asdict()


def _outcome(row: Dict[str, Any]) -> Outcome:
    if "reason" in row:
        return Rejected(row["reason"])
    words = row["words"]
    return Transcript(row["text"], words if words is None else [Word(*word) for word in words])
