"""Pieces of speech through a recogniser: longest first, decoded ahead, with a journal."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from amela.asr import Outcome, Recogniser, Transcript, Word
from amela.audio.load import Loader, loaded
from amela.audio.samples import check_samples
from amela.batches import ahead, by_length, in_halves, loaders
from amela.errors import Rejected
from amela.io.journal import Journal
from amela.io.manifest import Utterance

LEAST_SECONDS = 2.0  # that a piece counts as in a batch: the prompt and the first words take as long as some speech


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
        recogniser, load: as given.
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
        self.recogniser = recogniser
        self.load = load
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
        # A file that comes back makes other pieces: what the journal has must be of these.
        noted = {key: row["pieces"] for key, row in self._journal.rows.items()}
        todo = [(key, batch) for key, batch in named if noted.get(key) != _places(pieces, batch)]
        with ThreadPoolExecutor(loaders(self.recogniser.device)) as pool:
            for (key, batch), loading in ahead(self._begin(todo, pieces, pool)):
                found = [_row(outcome) for outcome in self._transcribe(loading)]
                self._journal.add({"id": key, "pieces": _places(pieces, batch), "outcomes": found})
        for key, batch in named:
            outcomes.update(zip(batch, map(_outcome, self._journal.rows[key]["outcomes"])))
        return [outcomes[index] for index in range(len(pieces))]

    def _begin(
        self, todo: Sequence[Tuple[str, List[int]]], pieces: Sequence[Utterance], pool: ThreadPoolExecutor
    ) -> Iterator[Tuple[Tuple[str, List[int]], List[Future]]]:
        """Every batch, with its audio being decoded."""
        for key, batch in todo:
            yield (key, batch), [pool.submit(loaded, self.load, pieces[index], check_samples) for index in batch]

    def _transcribe(self, loading: Sequence[Future]) -> List[Outcome]:
        """Outcomes of one batch; what could not be read is its own."""
        begin = time.perf_counter()
        given = [future.result() for future in loading]
        ready = time.perf_counter()
        clips = [samples_N for samples_N in given if not isinstance(samples_N, Rejected)]
        understood = in_halves(self.recogniser.transcribe, clips, "lower max_seconds of the recogniser")
        if len(understood) != len(clips):
            raise RuntimeError(f"{len(understood)} outcomes of {len(clips)} pieces")
        self.waited += ready - begin
        self.worked += time.perf_counter() - ready
        each = iter(understood)
        return [one if isinstance(one, Rejected) else next(each) for one in given]


def _places(pieces: Sequence[Utterance], batch: Sequence[int]) -> List[List[Any]]:
    """Which pieces a batch has, as the journal keeps it."""
    return [[pieces[index].id, pieces[index].offset, pieces[index].duration] for index in batch]


def _row(outcome: Outcome) -> Dict[str, Any]:
    """What the journal keeps."""
    return {"reason": str(outcome)} if isinstance(outcome, Rejected) else outcome._asdict()


def _outcome(row: Dict[str, Any]) -> Outcome:
    if "reason" in row:
        return Rejected(row["reason"])
    words = row["words"]
    return Transcript(row["text"], words if words is None else [Word(*word) for word in words])
