"""Resynthesise a shard: one file an utterance, in a folder that appears whole."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.places import Places
from amela.audio.save import save_audio
from amela.batches import by_length, windows
from amela.errors import DataError
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, audio_location, read_manifest
from amela.io.working import WorkingFolder
from amela.provenance import check_fingerprint
from amela.units.sequences import read_units
from amela.vocoder import Item, Vocoder

# Shape legend: T = units of an utterance, N = samples.

Pair = Tuple[Utterance, np.ndarray]  # the natural utterance, and its units (T,)


def read_pairs(manifest: Path, units: Path, vocoder: Vocoder) -> List[Pair]:
    """Utterances with their units, in the order of the units.

    Raises:
        DataError: units that the vocoder was not trained on, or of an unknown utterance.
    """
    shard = read_units(units)
    check_fingerprint(shard.fingerprint, vocoder.fingerprint, units)
    utterances = {utterance.id: utterance for utterance in read_manifest(manifest)}
    unknown = [item for item in shard.ids if item not in utterances]
    if unknown:
        raise DataError(f"{len(unknown)} utterances are not in {manifest}, the first {unknown[0]!r}", units)
    return [(utterances[item], units_T) for item, units_T in zip(shard.ids, shard.units)]


class Resynthesis:
    """A folder of resynthesised speech under way.

    Raises (all methods):
        AmelaError: another job has taken over, or the disk is full.
    """

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = WorkingFolder(folder, journal)
        self.working = self._folder.path
        self._journal = journal
        self._finished = {item: row for item, row in journal.rows.items() if (self.working / row["place"]).is_file()}
        self._remove_others()
        self._places = Places(self.working)
        for row in journal.rows.values():
            self._places.take(row["place"])

    def _remove_others(self) -> None:
        """Keep what the journal says is whole; a file that a kill left torn would be in the way."""
        self._folder.begin(anew=not self._finished)
        whole = {self.working / row["place"] for row in self._finished.values()}
        for path in sorted(self.working.rglob("*")):
            if path.is_file() and path not in whole:
                path.unlink()

    def add_all(self, pairs: Sequence[Pair], vocoder: Vocoder, ledger: Ledger) -> Iterator[Utterance]:
        """Synthesise what is not finished; yields the manifest's rows in order.

        Batches depend on all utterances, finished or not, so that a job that goes on makes the same.
        """
        units_of = {utterance.id: units_T for utterance, units_T in pairs}
        utterances = [utterance for utterance, _ in pairs]
        alone = not vocoder.batch_seconds
        for window in [[one] for one in utterances] if alone else windows(utterances, vocoder.batch_seconds):
            items = []
            for utterance in window:
                item = Item(units_of[utterance.id], round(utterance.duration * SAMPLE_RATE), utterance.id)
                with ledger.guard(utterance.id):
                    vocoder.check(item)
                    items.append(item)
            self._add(items, vocoder)
            yield from (self._row(utterance) for utterance in window if utterance.id in self._finished)

    def _add(self, items: Sequence[Item], vocoder: Vocoder) -> None:
        """Synthesise the batches of a window of which something is not finished."""
        speech: Dict[str, np.ndarray] = {}
        for indices in by_length([len(item.units_T) * vocoder.hop for item in items], vocoder.batch_seconds):
            batch = [items[index] for index in indices]
            if any(item.name not in self._finished for item in batch):
                speech.update(zip((item.name for item in batch), vocoder.synthesise(batch)))
        for item in items:
            if item.name not in self._finished:
                self._save(item.name, speech.pop(item.name))

    def _save(self, name: str, samples_N: np.ndarray) -> None:
        row = self._journal.rows.get(name)  # its file was lost, its place is kept
        place = row["place"] if row else self._places.new(name)
        self._journal.check()
        save_audio(self.working / place, samples_N)
        with (self.working / place).open("rb") as audio:
            os.fsync(audio.fileno())  # on the disk before the journal says so
        self._finished[name] = {"id": name, "place": place, "samples": len(samples_N)}
        self._journal.add(self._finished[name])

    def _row(self, utterance: Utterance) -> Utterance:
        """The natural row with the new audio."""
        finished = self._finished[utterance.id]
        location: Dict[str, Any] = audio_location(self._folder.folder / finished["place"])
        kept = {key: value for key, value in utterance.metadata.items() if key != "audio_relpath"}
        return dataclasses.replace(
            utterance,
            audio_filepath=location.pop("audio_filepath"),
            duration=finished["samples"] / SAMPLE_RATE,
            offset=0.0,
            metadata={**location, **kept},
        )

    def finish(self) -> None:
        """The folder is whole: put it in its place."""
        self._folder.finish()
