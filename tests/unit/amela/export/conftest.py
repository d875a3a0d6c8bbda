"""Units to export."""

from pathlib import Path

import numpy as np
import pytest

from amela.export.exporter import Corpus, UnitSequence
from amela.io.manifest import Utterance, write_manifest
from amela.units.sequences import UnitShard, write_units

FINGERPRINT = {"encoder": "e", "hop": 0.02, "dimension": 39, "normalize": "none", "sha256": "s"}


@pytest.fixture
def exported(tmp_path):
    """Function (exporter class, [(utterance, units)], runs as one) → folder with its files."""

    def export(exporter_class, items, frames=None, hop=0.02) -> Path:
        folder = tmp_path / "folder"
        folder.mkdir()
        with exporter_class(folder, Corpus("corpus", hop, 5)) as exporter:
            for item, units in items:
                exporter.add(item, UnitSequence(units, frames or [1] * len(units)))
            exporter.finish()
        return folder

    return export


@pytest.fixture
def corpus(tmp_path):
    """Function (ids of each shard, units of each id) → folder with manifests/ and units/."""

    def make(shards, units, fingerprints=None) -> Path:
        for number, ids in enumerate(shards):
            made_by = (fingerprints or {}).get(number, FINGERPRINT)
            utterances = [Utterance(item, f"/audio/{item}.flac", 0.1, recording=item) for item in ids]
            write_manifest(tmp_path / "manifests" / f"shard-{number}.jsonl", utterances)
            shard = UnitShard(list(ids), [np.array(units[item], np.uint16) for item in ids], 0.02, 5, made_by)
            write_units(tmp_path / "units" / f"shard-{number}.parquet", shard)
        return tmp_path

    return make
