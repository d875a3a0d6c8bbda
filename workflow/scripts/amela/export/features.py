"""Dense features of a corpus, a file an utterance: evaluation sets for ABX and the like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

import numpy as np

from amela.batches import windows
from amela.errors import Rejected
from amela.export.tensors import Mirror, save_array
from amela.io.journal import Journal
from amela.io.jsonl import write_jsonl
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, read_manifest
from amela.io.working import WorkingFolder
from amela.units.features import as_numpy
from amela.units.normalize import group_of, normalizer_of
from amela.units.stream import Encoded, Stream

# Shape legend: T = frames, D = feature dimension.

LIST = "features.jsonl"


def read_utterances(manifests: Path, shards: int) -> List[Utterance]:
    """Every utterance of a corpus, in the order of the shards."""
    return [utterance for shard in range(shards) for utterance in read_manifest(manifests / f"shard-{shard}.jsonl")]


def as_exported(made_by: Dict[str, Any], normalizer: Optional[Path]) -> Callable[[Utterance, Any], np.ndarray]:
    """What becomes of the features of a stretch: an array (T, D), normalised as the encoder's settings say.

    Args:
        made_by: fingerprint of the encoder.
        normalizer: of the corpus, for an encoder that has ``normalize``.

    Raises:
        AmelaError, DataError: see ``amela.units.normalize.normalizer_of``.
    """
    normalize, statistics = made_by["normalize"], normalizer_of(normalizer, made_by)
    if statistics is None:
        return lambda _, features_TD: as_numpy(features_TD)
    return lambda utterance, features_TD: statistics.apply(group_of(utterance, normalize), as_numpy(features_TD))


@dataclass(frozen=True)
class Placed:
    """An utterance and the place of its file."""

    utterance: Utterance
    place: str


class FeatureFolder:
    """A folder of features under way, beside the final one: a killed job goes on after its last finished window."""

    def __init__(self, folder: Path, journal: Journal, suffix: str) -> None:
        """
        Args:
            journal: of the folder; keeps a row for each window.
            suffix: ``.npy`` or ``.pt``.
        """
        self._folder = WorkingFolder(folder, journal)
        self.working = self._folder.path
        self._journal = journal
        self._mirror = Mirror(suffix)
        self._folder.begin(anew=not journal.rows)

    def placed(self, utterances: Iterable[Utterance], ledger: Ledger) -> List[Placed]:
        """Those that can have a file of their name."""
        found = []
        for utterance in utterances:
            with ledger.guard(utterance.id):
                found.append(Placed(utterance, self._mirror.place(utterance.id)))
        return found

    def add_all(
        self, items: List[Placed], stream: Stream[np.ndarray], made_by: Dict[str, Any], ledger: Ledger
    ) -> Iterator[Dict[str, Any]]:
        """Encode what is not finished; yields a row for each utterance that has a file, in order.

        A window is encoded whole or not at all: other batches could round otherwise.
        """
        place_of = {item.utterance.id: item.place for item in items}
        utterances = (item.utterance for item in items)
        numbered = [(str(number), window) for number, window in enumerate(windows(utterances, stream.batch_seconds))]
        finished = {number for number, window in numbered if self._is_finished(number, window, place_of)}
        results = stream.run(window for number, window in numbered if number not in finished)
        for number, window in numbered:
            if number not in finished:
                rows = [self._write(encoded, place_of[encoded.utterance.id]) for encoded in next(results)]
                self._journal.add({"id": number, "utterances": rows})
            for utterance, row in zip(window, self._journal.rows[number]["utterances"]):
                with ledger.guard(utterance.id):
                    yield _row(utterance, row, made_by)

    def _is_finished(self, number: str, window: List[Utterance], place_of: Dict[str, str]) -> bool:
        rows = self._journal.rows.get(number, {"utterances": []})["utterances"]
        whole = [row for row in rows if "reason" in row or (self.working / place_of[row["id"]]).is_file()]
        return len(whole) == len(window)

    def _write(self, encoded: Encoded[np.ndarray], place: str) -> Dict[str, Any]:
        item = encoded.utterance.id
        if encoded.rejected is not None:
            return {"id": item, "reason": str(encoded.rejected)}
        features_TD = np.concatenate(encoded.parts).astype(np.float32, copy=False)
        self._journal.check()
        save_array(self.working / place, features_TD)
        return {"id": item, "path": place, "frames": len(features_TD)}

    def finish(self, rows: List[Dict[str, Any]], description: Callable[[Path], None]) -> None:
        """All files are there: list and describe them, and put the folder in its place."""
        self._journal.check()
        write_jsonl(self.working / LIST, rows)
        description(self.working)
        self._folder.finish()


def _row(utterance: Utterance, row: Dict[str, Any], made_by: Dict[str, Any]) -> Dict[str, Any]:
    """Row of the list. Raises Rejected where the utterance was."""
    if "reason" in row:
        raise Rejected(row["reason"])
    features = {"hop": made_by["hop"], "dimension": made_by["dimension"], "fingerprint": made_by["encoder"]}
    audio = {key: getattr(utterance, key) for key in ("audio_filepath", "offset", "duration")}
    speaker = {"speaker": utterance.speaker} if utterance.speaker is not None else {}
    return {**row, **features, **audio, **speaker}


def counted(rows: List[Dict[str, Any]], entered: int, ledger: Ledger) -> Dict[str, int]:
    """``in``, ``out``, ``rejected`` and ``frames`` of an export."""
    frames = sum(row["frames"] for row in rows)
    return {"in": entered, "out": len(rows), "rejected": ledger.count, "frames": frames}
