"""An utterance on its way through a recogniser: its pieces, and what was understood in each."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from amela.asr import Outcome, Transcript
from amela.asr.pieces import Intervals, Piece, cut, whole
from amela.audio import SAMPLE_RATE
from amela.audio.load import Loader
from amela.errors import Rejected
from amela.io.manifest import Utterance

SHORTEST = 0.1  # seconds; recognisers hear words in less, which nobody said
ASKED_AGAIN = 10.0  # seconds; of a longer piece without a word the parts are tried
MOST_WORDS = 10.0  # a second; the fastest speakers reach 8


class Plan:
    """How an utterance is transcribed."""

    def __init__(self, utterance: Utterance, max_seconds: float, speech: Optional[Intervals], load: Loader) -> None:
        """
        Args:
            max_seconds: longer utterances are cut into pieces.
            speech: where it is in the utterance (s); None: nobody looked.
            load: reads audio, where a cut must be found by listening.

        Raises:
            Rejected: the utterance is too short, or cannot be read where it must be cut.
        """
        if utterance.duration < SHORTEST:
            raise Rejected(f"{utterance.duration:.3f} s: too short to be transcribed, the least are {SHORTEST} s")
        self.utterance = utterance
        self._speech, self._load = speech, load
        self._outcomes: Dict[Piece, Optional[Outcome]] = {}
        self._add(cut(whole(utterance), max_seconds, utterance, speech, load))

    def _add(self, pieces: List[Piece]) -> None:
        for piece in pieces:
            # What a recogniser hears where there is no speech nobody said.
            silent = len(pieces) > 1 and not piece.has_speech(self._speech)
            self._outcomes[piece] = Transcript("", []) if silent else None

    def todo(self) -> List[Piece]:
        """Pieces whose outcome is not known yet."""
        return [piece for piece, outcome in sorted(self._outcomes.items()) if outcome is None]

    def note(self, piece: Piece, outcome: Outcome) -> None:
        """Note the outcome of a piece; of a long one without a word, the parts are to do."""
        self._outcomes[piece] = outcome
        if isinstance(outcome, Transcript) and not outcome.text and piece.seconds > ASKED_AGAIN:
            parts = cut(piece, piece.seconds * 2 / 3, self.utterance, self._speech, self._load)
            del self._outcomes[piece]
            self._add(parts)

    def row(self, model: str) -> Dict[str, Any]:
        """The transcript, once nothing is to do. Raises Rejected where there is none, or none that anybody said."""
        words, segments = [], []
        for piece, outcome in sorted(self._outcomes.items()):
            if isinstance(outcome, Rejected):
                raise outcome
            _check_pace(outcome.text, piece.seconds)
            start, end = (round(sample / SAMPLE_RATE, 3) for sample in piece)
            segments.append({"start": start, "end": end, "text": outcome.text})
            # None where the recogniser knows no times
            words.append(outcome.words and [word.later(start)._asdict() for word in outcome.words])
        text = " ".join(segment["text"] for segment in segments if segment["text"])
        row: Dict[str, Any] = {"id": self.utterance.id, "text": text, "model": model}
        if None not in words:
            row["words"] = [word for each in words for word in each]
        return {**row, "segments": segments} if len(segments) > 1 else row


def _check_pace(text: str, seconds: float) -> None:
    """Raise Rejected where nobody can have said so much in so short a time."""
    n_words = len(text.split())
    if n_words > MOST_WORDS * seconds:
        raise Rejected(f"{n_words} words in {seconds:.1f} s: a hallucination")
