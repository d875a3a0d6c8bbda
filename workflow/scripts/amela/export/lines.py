"""Formats of one line an utterance."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Set, Tuple

from amela.errors import Rejected
from amela.export.exporter import Corpus, Exporter, UnitSequence
from amela.io.jsonl import json_line
from amela.io.manifest import Utterance


def spaced(numbers: Iterable[int]) -> str:
    """Numbers separated by spaces."""
    return " ".join(map(str, numbers))


class LineExporter(Exporter):
    """One line an utterance in each of ``names``, in which ``{corpus}`` stands for the corpus."""

    names: Tuple[str, ...] = ()

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        super().__init__(folder, corpus)
        self._handles = [self.open(name.format(corpus=corpus.name)) for name in self.names]

    def add(self, utterance: Utterance, sequence: UnitSequence) -> None:
        for handle, line in zip(self._handles, self.lines(utterance, sequence)):
            handle.write(line)

    def lines(self, utterance: Utterance, sequence: UnitSequence) -> Tuple[str, ...]:
        """The line for each file. Raises Rejected."""
        raise NotImplementedError


class BpeText(LineExporter):
    """Units alone, separated by spaces; line n of ids.txt tells whose the line n is."""

    names = ("all_units_for_bpe.txt", "ids.txt")

    def lines(self, utterance: Utterance, sequence: UnitSequence) -> Tuple[str, ...]:
        return spaced(sequence.units) + "\n", utterance.id + "\n"


class Textless(LineExporter):
    """Transcripts as textlesslib's tools/distributed_transcribe writes them with --preserve_name --durations.

    ``NAME<tab>unit unit …`` in CORPUS.units; CORPUS.durations has the frames of each, all 1
    unless runs count as one (``--deduplicate``). Names are ids, which are unique; textlesslib's are base names.
    """

    names = ("{corpus}.units", "{corpus}.durations")

    def lines(self, utterance: Utterance, sequence: UnitSequence) -> Tuple[str, ...]:
        return tuple(f"{utterance.id}\t{spaced(stream)}\n" for stream in (sequence.units, sequence.frames))


class Slamkit(LineExporter):
    """Features as slamkit's cli/extract_features.py writes them and its cli/prepare_tokens.py reads them.

    ``{"units": […], "duration": […], "file_name": …}``, by default a run as one unit and
    ``duration`` its frames (slamkit/tokeniser/unit_tokeniser.py). Several utterances may share a
    file: ``id`` and ``offset`` tell them apart; slamkit hands keys on that it does not know.
    """

    names = ("features.jsonl",)
    runs_as_one = True

    def lines(self, utterance: Utterance, sequence: UnitSequence) -> Tuple[str, ...]:
        row = {"units": list(sequence.units), "duration": list(sequence.frames)}
        place = {"file_name": utterance.audio_filepath, "id": utterance.id, "offset": utterance.offset}
        return (json_line({**row, **place}),)


class Discophon(LineExporter):
    """Units as the phoneme discovery benchmark reads them (discophon.data.read_submitted_units).

    ``{"file": …, "units": […]}`` and no other key, one unit a frame from the beginning of the
    file; ``file`` is the name of the audio file without folder and ending, so that only whole
    recordings can be submitted. Name the corpus LANGUAGE-SPLIT, as in units-eng-test.jsonl.

    Source: bootphon/discophon, docs/guide/evaluate.md and docs/guide/submission.md.
    """

    names = ("units-{corpus}.jsonl",)

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        super().__init__(folder, corpus)
        self._taken: Set[str] = set()

    def lines(self, utterance: Utterance, sequence: UnitSequence) -> Tuple[str, ...]:
        if utterance.recording not in ("", utterance.id):
            raise Rejected("a part of a recording: this format has whole recordings")
        file = utterance.id.rpartition("/")[2]
        if file in self._taken:
            raise Rejected(f"another recording is called {file} too: this format has no folders")
        self._taken.add(file)
        return (json_line({"file": file, "units": list(sequence.units)}),)
