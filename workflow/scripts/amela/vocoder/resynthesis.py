"""Resynthesise a shard: one file an utterance, in a folder that appears whole."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.places import Places
from amela.audio.save import save_audio
from amela.errors import DataError
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, audio_location, read_manifest
from amela.provenance import check_fingerprint
from amela.units.sequences import read_units
from amela.vocoder import Vocoder

# Shape legend: T = units of an utterance, N = samples.

Item = Tuple[Utterance, np.ndarray]  # the natural utterance, and its units (T,)


def read_items(manifest: Path, units: Path, vocoder: Vocoder) -> List[Item]:
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

    Audio gathers in a hidden folder beside the final one: Snakemake removes what a failed
    job has declared, and a killed job must not begin again.

    Raises (all methods):
        AmelaError: another job has taken over, or the disk is full.
    """

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder = folder
        self.working = folder.with_name(f".{folder.name}.working")
        self._journal = journal
        self._finished = {
            item: row["place"] for item, row in journal.rows.items() if (self.working / row["place"]).is_file()
        }
        self._remove_others()
        self._places = Places(self.working)
        for row in journal.rows.values():
            self._places.take(row["place"])

    def _remove_others(self) -> None:
        """Keep what the journal says is whole; a file that a kill left torn would be in the way."""
        self._journal.check()
        if not self._finished:
            shutil.rmtree(self.working, ignore_errors=True)
        self.working.mkdir(parents=True, exist_ok=True)
        whole = {self.working / place for place in self._finished.values()}
        for path in sorted(self.working.rglob("*")):
            if path.is_file() and path not in whole:
                path.unlink()

    def add_all(self, items: Iterable[Item], vocoder: Vocoder, ledger: Ledger) -> Iterator[Utterance]:
        """Synthesise what is not finished; yields the manifest's rows in order."""
        for utterance, units_T in items:
            with ledger.guard(utterance.id):
                if utterance.id not in self._finished:
                    self._add(utterance, units_T, vocoder)
                yield self._row(utterance)

    def _add(self, utterance: Utterance, units_T: np.ndarray, vocoder: Vocoder) -> None:
        n_samples = round(utterance.duration * SAMPLE_RATE)
        samples_N = vocoder.synthesise(units_T, n_samples, utterance.id)
        row = self._journal.rows.get(utterance.id)  # its file was lost, its place is kept
        place = row["place"] if row else self._places.new(utterance.id)
        self._journal.check()
        save_audio(self.working / place, samples_N)
        with (self.working / place).open("rb") as audio:
            os.fsync(audio.fileno())  # on the disk before the journal says so
        self._journal.add({"id": utterance.id, "place": place})
        self._finished[utterance.id] = place

    def _row(self, utterance: Utterance) -> Utterance:
        """The natural row with the new audio, which lasts as long."""
        location: Dict[str, Any] = audio_location(self.folder / self._finished[utterance.id])
        kept = {key: value for key, value in utterance.metadata.items() if key != "audio_relpath"}
        return dataclasses.replace(
            utterance,
            audio_filepath=location.pop("audio_filepath"),
            duration=round(utterance.duration * SAMPLE_RATE) / SAMPLE_RATE,
            offset=0.0,
            metadata={**location, **kept},
        )

    def finish(self) -> None:
        """The folder is whole: put it in its place."""
        self._journal.check()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._journal.check()  # to remove many files may take long
        os.replace(self.working, self.folder)
