"""An utterance on its way through a recogniser: its pieces, and what was understood in each."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from amela.asr import Outcome, Transcript, excerpt
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
            raise Rejected(f"too short to be transcribed, the least are {SHORTEST} s", f"{utterance.duration:.3f} s")
        self.utterance = utterance
        speech = speech or None  # where none was found, some may have been missed
        self._speech, self._load = speech, load
        self._outcomes: Dict[Piece, Optional[Outcome]] = {}
        self._add(cut(whole(utterance), max_seconds, utterance, speech, load))

    def _add(self, pieces: List[Piece]) -> None:
        for piece in pieces:
            # What a recogniser hears where there is no speech nobody said.
            silent = len(pieces) > 1 and not piece.has_speech(self._speech)
            self._outcomes[piece] = Transcript("") if silent else None

    def todo(self) -> List[Piece]:
        """Pieces whose outcome is not known yet."""
        return [piece for piece, outcome in sorted(self._outcomes.items()) if outcome is None]

    def note(self, piece: Piece, outcome: Outcome) -> None:
        """Note the outcome of a piece; of a long one that gave no words, or none that can be, the parts are to do."""
        if isinstance(outcome, Transcript) and (wrong := _too_fast(outcome.text, piece.seconds)):
            outcome = wrong
        self._outcomes[piece] = outcome
        if piece.seconds > ASKED_AGAIN and (isinstance(outcome, Rejected) or not outcome.text):
            try:
                parts = cut(piece, piece.seconds * 2 / 3, self.utterance, self._speech, self._load)
            except Rejected as error:
                self._outcomes[piece] = error
            else:
                del self._outcomes[piece]
                self._add(parts)

    def row(self, model: str) -> Dict[str, Any]:
        """The transcript, once nothing is to do.

        Of something long, a piece that was rejected is a segment that says so: hours are not
        lost with a minute of them.

        Raises:
            Rejected: by every piece in which there is speech.
        """
        outcomes = sorted(self._outcomes.items())
        rejected = [outcome for _, outcome in outcomes if isinstance(outcome, Rejected)]
        if rejected and not any(isinstance(outcome, Transcript) and outcome.text for _, outcome in outcomes):
            raise rejected[0]
        segments = [_segment(piece, outcome) for piece, outcome in outcomes]
        text = " ".join(segment["text"] for segment in segments if segment["text"])
        row: Dict[str, Any] = {"id": self.utterance.id, "text": text, "model": model}
        timed = [
            (piece, each.words) for piece, each in outcomes if isinstance(each, Transcript) and each.words is not None
        ]
        if timed:
            row["words"] = [word.later(piece.start / SAMPLE_RATE)._asdict() for piece, words in timed for word in words]
        return {**row, "segments": segments} if len(segments) > 1 else row


def _segment(piece: Piece, outcome: Outcome) -> Dict[str, Any]:
    start, end = (round(sample / SAMPLE_RATE, 3) for sample in piece)
    if isinstance(outcome, Rejected):
        return {"start": start, "end": end, "text": "", "rejected": str(outcome)}
    return {"start": start, "end": end, "text": outcome.text}


def _too_fast(text: str, seconds: float) -> Optional[Rejected]:
    """Why nobody can have said so much in so short a time; None if somebody can."""
    n_words = len(text.split())
    if n_words > MOST_WORDS * seconds:
        what = f"more than {MOST_WORDS:g} words a second: a hallucination"
        return Rejected(what, f"{n_words} in {seconds:.1f} s: {excerpt(text)}")
    return None
