"""Units of a corpus, shard by shard, into a folder of another tool's files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from amela.errors import DataError
from amela.export import unit_format
from amela.export.exporter import Corpus, UnitSequence
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, read_manifest
from amela.provenance import check_fingerprint
from amela.units.sequences import UnitShard, deduplicate, read_units

# Shape legend: T = frames of an utterance.


@dataclass(frozen=True)
class CorpusFiles:
    """Where the shards of a corpus lie."""

    manifests: Path  # folder
    units: Path  # folder
    shards: int

    def read(self) -> Iterator[Tuple[UnitShard, List[Utterance]]]:
        """Units of each shard, and their utterances in the same order.

        Raises:
            DataError: units of an unknown utterance, or shards whose units are not of one codebook.
        """
        expected = None
        for number in range(self.shards):
            manifest, path = self.manifests / f"shard-{number}.jsonl", self.units / f"shard-{number}.parquet"
            shard = read_units(path)
            expected = expected or shard.fingerprint
            check_fingerprint(shard.fingerprint, expected, path)
            known = {utterance.id: utterance for utterance in read_manifest(manifest)}
            unknown = [item for item in shard.ids if item not in known]
            if unknown:
                raise DataError(f"{len(unknown)} utterances are not in {manifest}, the first {unknown[0]!r}", path)
            yield shard, [known[item] for item in shard.ids]


def export_units(
    files: CorpusFiles, name: str, spec: Mapping[str, Any], folder: Path, ledger: Ledger
) -> Dict[str, Any]:
    """Write every utterance into ``folder``, in the order of the shards; what has no place goes into the ledger.

    Args:
        name: of the corpus.
        spec: ``format``, and ``deduplicate``: whether a run of one unit counts as one; None, as
            the tools of the format expect it.

    Returns:
        What was written: ``format``, ``deduplicate``, ``hop``, ``k``, ``fingerprint`` of the units, ``in``, ``out``
        and ``rejected`` (utterances), ``units`` (how many).
    """
    exporter_class = unit_format(spec["format"])
    as_one = exporter_class.runs_as_one if spec["deduplicate"] is None else spec["deduplicate"]
    shards = files.read()
    first = next(shards)
    about = first[0]
    counts = {"in": 0, "out": 0, "rejected": 0, "units": 0}
    with exporter_class(folder, Corpus(name, about.hop, about.k)) as exporter:
        for shard, utterances in _chain(first, shards):
            for utterance, units_T in zip(utterances, shard.units):
                counts["in"] += 1
                with ledger.guard(utterance.id):
                    sequence = _sequence(units_T, as_one)
                    exporter.add(utterance, sequence)
                    counts["out"] += 1
                    counts["units"] += len(sequence.units)
        exporter.finish()
    described = {"format": spec["format"], "deduplicate": as_one, "hop": about.hop, "k": about.k}
    return {**described, "fingerprint": about.fingerprint, **counts, "rejected": ledger.count}


def _chain(
    first: Tuple[UnitShard, List[Utterance]], others: Iterator[Tuple[UnitShard, List[Utterance]]]
) -> Iterator[Tuple[UnitShard, Sequence[Utterance]]]:
    yield first
    yield from others


def _sequence(units_T: np.ndarray, as_one: bool) -> UnitSequence:
    if not as_one:
        return UnitSequence(units_T.tolist(), [1] * len(units_T))
    units_R, run_lengths_R = deduplicate(units_T)
    return UnitSequence(units_R.tolist(), run_lengths_R.tolist())
