"""Whether the transcripts of a corpus can be what was said: a run must not end green on nonsense.

A recogniser that fails does not stop. It answers nothing, or what it has heard most in its
training ("thank you"), whatever the audio says; only the whole table shows it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from amela.asr import excerpt
from amela.errors import AmelaError, what_happened
from amela.eval.normalisers import normalise

LEAST = 3  # utterances: fewer may well be silent, or agree
NAMED = 3  # texts that a message lists, and examples of each

Row = Dict[str, Any]


class Limits(NamedTuple):
    """What a corpus may have of each; shares (0-1)."""

    max_repeated: float  # of the utterances: with one text, where those that sound alike count once; see ``Answers``
    max_rejected: float  # of the seconds: in pieces that were rejected


def checked_transcripts(rows: Iterable[Row], limits: Limits, where: object) -> Iterator[Row]:
    """Hand the rows of a corpus on, and refuse them after the last if they cannot be true.

    What the recogniser said is looked at (``model`` is not None), not texts that were kept.
    Of the rows nothing is remembered but their texts and a few examples.

    Args:
        rows: ``id``, ``duration``, ``model``, ``text``, and where known ``segments``, ``reference``,
            ``audio_filepath``, ``offset``.
        where: files of the transcripts, for the message.

    Raises:
        AmelaError: too much was rejected in pieces; none of three or more transcripts has a
            word; or one text, by ``normalise``, is that of too many utterances, and of three.
    """
    answers, pieces = Answers(), RejectedPieces()
    for row in rows:
        if row["model"] is not None:
            answers.add(row)
            pieces.add(row)
        yield row
    pieces.check(limits.max_rejected, where)
    answers.check_some_text(where)
    answers.check_repeated(limits.max_repeated, where)


class RejectedPieces:
    """How much of the speech is in no transcript, though its utterances have one."""

    def __init__(self) -> None:
        self.seconds = self.rejected = 0.0
        self.reasons: Counter[str] = Counter()  # pieces by the reason, without what is theirs alone
        self.examples: List[str] = []

    def add(self, row: Row) -> None:
        """Count the pieces of an utterance."""
        self.seconds += row["duration"]
        for segment in row.get("segments", ()):
            if "rejected" in segment:
                self.rejected += segment["end"] - segment["start"]
                self.reasons[what_happened(segment["rejected"])] += 1
                if len(self.examples) < NAMED:
                    self.examples.append(_place({**row, "offset": row.get("offset", 0.0) + segment["start"]}))

    def check(self, max_rejected: float, where: object) -> None:
        """Refuse transcripts that leave out too much."""
        if self.rejected > max_rejected * self.seconds:
            reasons = "; ".join(f"{count}× {reason}" for reason, count in self.reasons.most_common(NAMED))
            raise AmelaError(
                f"pieces of utterances were rejected, {self.rejected:.0f} of {self.seconds:.0f} s"
                f" ({self.rejected / self.seconds:.1%}, allowed are {max_rejected:.1%}): {reasons}; such as"
                f" {', '.join(self.examples)}",
                where,
                "listen to them; mend or leave out these files, try another checkpoint or recogniser, or raise"
                " max_rejected in the configuration",
            )


class Answers:
    """What a recogniser answered, and how often.

    Many people may be asked to say the same. So one utterance counts for all those where
    the text is right, and one for all those of the reference that was taken for it most
    often: two prompts may sound alike. But where hardly anything else was recognised,
    one prompt cannot have been taken for the other everywhere: there only the more
    frequent of the two counts once.
    """

    def __init__(self) -> None:
        self.utterances = 0
        self.texts: Counter[str] = Counter()  # utterances by their text; empty ones are not among them
        self.pairs: Counter[Tuple[str, str]] = Counter()  # by text and reference, where there is one
        self.examples: Dict[str, List[str]] = {"": []}  # of texts that were heard twice, and of none

    def add(self, row: Row) -> None:
        """Count the transcript of an utterance."""
        text, reference = normalise(row["text"]), normalise(row.get("reference") or "")
        self.utterances += 1
        if not text:
            self._remember(text, row)
            return
        self.texts[text] += 1
        if reference:
            self.pairs[text, reference] += 1
        wrong = reference != text and self.pairs[text, reference] <= 2  # of several references, if there are
        if wrong and self.texts[text] > 1:  # most texts are heard once: their examples would be the whole table
            self._remember(text, row)

    def check_some_text(self, where: object) -> None:
        """Refuse transcripts without a single word."""
        if self.utterances >= LEAST and not self.texts:
            raise AmelaError(
                f"not a word was recognised in {self.utterances} utterances, such as {self._examples('')}",
                where,
                "listen to them; if somebody speaks there, try another checkpoint or recogniser",
            )

    def check_repeated(self, max_repeated: float, where: object) -> None:
        """Refuse transcripts of which too many are the same."""
        repeated = self._repeated(max_repeated * self.utterances)
        if repeated:
            texts = "; ".join(
                f"{excerpt(text)} for {count} of {self.utterances} ({count / self.utterances:.1%}), such as"
                f" {self._examples(text)}"
                for text, count in repeated[:NAMED]
            )
            more = f"; and {len(repeated) - NAMED} more texts" if len(repeated) > NAMED else ""
            raise AmelaError(
                f"one text was recognised in more than {max_repeated:.1%} of the utterances: {texts}{more}",
                where,
                "listen to them: a recogniser that hallucinates needs another checkpoint; where many people were asked"
                " to say the same and no reference tells it, raise max_repeated in the configuration",
            )

    def _repeated(self, allowed: float) -> List[Tuple[str, int]]:
        """Texts of more than ``allowed`` utterances, the most frequent first."""
        suspects = {text for text, count in self.texts.items() if count > allowed and count >= LEAST}
        right, mistaken = (dict.fromkeys(suspects, 0) for _ in range(2))
        for (text, reference), count in self.pairs.items():
            if text in suspects and text == reference:
                right[text] = count
            elif text in suspects:
                mistaken[text] = max(mistaken[text], count)
        counted = [(text, self._once(text, right[text], mistaken[text], allowed)) for text in suspects]
        found = [(text, once) for text, once in counted if once > allowed and once >= LEAST]
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def _once(self, text: str, right: int, mistaken: int, allowed: float) -> int:
        """Utterances with the text, if those that may well sound alike are one."""
        others = sum(self.texts.values()) - self.texts[text]
        alike = [right, mistaken] if others > allowed else [max(right, mistaken)]
        return self.texts[text] - sum(count - 1 for count in alike if count)

    def _remember(self, text: str, row: Row) -> None:
        examples = self.examples.setdefault(text, [])
        if len(examples) < NAMED:
            examples.append(_place(row))

    def _examples(self, text: str) -> str:
        return ", ".join(self.examples[text])


def _place(row: Row) -> str:
    """An utterance, where to hear it, and what should be said there."""
    reference = [f"reference {excerpt(row['reference'])}"] if "reference" in row else []
    audio = [f"{row['audio_filepath']} at {row.get('offset', 0.0):g} s"] if "audio_filepath" in row else []
    told = "; ".join(audio + reference)
    return f"{row['id']} ({told})" if told else row["id"]
