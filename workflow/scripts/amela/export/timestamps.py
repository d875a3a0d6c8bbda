"""The corpus as one JSON object: every unit with its start and end."""

from __future__ import annotations

import json
from pathlib import Path

from amela.export.exporter import Corpus, Exporter, UnitSequence
from amela.io.jsonl import json_line
from amela.io.manifest import Utterance


class CorpusJson(Exporter):
    """CORPUS_corpus_timestamped.json: ``{"corpus", "hop", "k", "utterances": [utterance, …]}``.

    An utterance is ``{"id", "audio_filepath", "offset", "duration", "units": [{"unit", "start", "end"}, …]}``
    and stands on a line of its own, so that a large corpus can be read and written line by line. Times of units
    are seconds from the start of the utterance; they lie on the grid of frames and are never
    stretched to its ``duration``.
    """

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        super().__init__(folder, corpus)
        head = json.dumps({"corpus": corpus.name, "hop": corpus.hop, "k": corpus.k}, ensure_ascii=False)
        self._out = self.open(f"{corpus.name}_corpus_timestamped.json")
        self._out.write(head[:-1] + ', "utterances": [')
        self._before = "\n"

    def add(self, utterance: Utterance, sequence: UnitSequence) -> None:
        row = {key: getattr(utterance, key) for key in ("id", "audio_filepath", "offset", "duration")}
        times = sequence.times(self.corpus.hop)
        row["units"] = [{"unit": unit, "start": start, "end": end} for unit, (start, end) in zip(sequence.units, times)]
        self._out.write(self._before + json_line(row)[:-1])
        self._before = ",\n"

    def finish(self) -> None:
        self._out.write("\n]}\n")
