"""A corpus on the disk, small enough to break by hand."""

import json

import pyarrow as pa
import pytest

from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.table import write_table

RECORDINGS = [["anna/1", "anna/2"], ["bo/1", "bo/2"]]  # by shard
CUTS = ["00000000-00001000", "00001000-00002000"]


class CorpusFolder:
    """Stage files of a corpus of two shards. Of every recording but ``bo/2``, which is rejected, two cuts.

    ``rewrite`` changes the rows of a JSON Lines file.
    """

    def __init__(self, path):
        self.path = path
        self.utterances = [
            [f"{recording}/{cut}" for recording in shard if recording != "bo/2" for cut in CUTS] for shard in RECORDINGS
        ]
        self._inventory()
        for shard in range(2):
            self._segment(shard)
            self._speech(shard)
            self._units(shard)

    def rewrite(self, name, change):
        write_jsonl(self.path / name, change(list(read_jsonl(self.path / name))))

    def units(self, shard, ids):
        """Write units of some utterances; 5 frames each."""
        schema = pa.schema([("id", pa.string()), ("units", pa.list_(pa.uint16()))])
        columns = {"id": ids, "units": [[1, 1, 2, 3, 3]] * len(ids)}
        path = self.path / f"units/km/shard-{shard}.parquet"
        write_table(path, columns, schema, "units", hop=0.01, k=4, fingerprint={})

    def _inventory(self):
        for shard, ids in enumerate(RECORDINGS):
            write_jsonl(self.path / f"inventory/shard-{shard}.jsonl", ({"id": item} for item in ids))
        write_jsonl(self.path / "inventory/rejected.jsonl", [{"id": "x", "stage": "inventory", "reason": "no path"}])
        (self.path / "inventory/summary.json").write_text(json.dumps({"listed": 5}))

    def _segment(self, shard):
        rows = ({"id": item, "recording": item.rpartition("/")[0]} for item in self.utterances[shard])
        write_jsonl(self.path / f"segment/shard-{shard}.jsonl", rows)
        broken = [{"id": "bo/2", "stage": "segment", "reason": "cannot be decoded — b.wav"}] if shard else []
        short = [{"id": "anna/1", "stage": "segment", "reason": "too short", "filtered": True}] if not shard else []
        write_jsonl(self.path / f"segment/shard-{shard}.rejected.jsonl", broken + short)

    def _speech(self, shard):
        ids = self.utterances[shard]
        schema = pa.schema([("id", pa.string())])
        write_table(self.path / f"vad/shard-{shard}.probabilities.parquet", {"id": ids}, schema, "speech-probabilities")
        for name in ("vad/shard-{}.jsonl", "manifest/shard-{}.jsonl"):
            rows = ({"id": item, "duration": 1.0, "text": f"the {item}"} for item in ids)
            write_jsonl(self.path / name.format(shard), rows)
        for name in ("vad/shard-{}.probabilities", "vad/shard-{}", "manifest/shard-{}"):
            write_jsonl(self.path / f"{name.format(shard)}.rejected.jsonl", [])

    def _units(self, shard):
        self.units(shard, self.utterances[shard])
        write_jsonl(self.path / f"units/km/shard-{shard}.rejected.jsonl", [])


@pytest.fixture
def corpus(tmp_path):
    return CorpusFolder(tmp_path / "corpus")
