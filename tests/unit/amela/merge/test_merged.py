"""Rows of the merged tables."""

import pyarrow as pa

from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.table import write_table
from amela.merge.merged import merged_rows


def test_manifest_rows_are_as_they_were(corpus):
    rows = list(merged_rows(corpus.path, ["vad", "manifest"], 1))
    assert rows == list(read_jsonl(corpus.path / "manifest/shard-1.jsonl"))
    assert len(rows) == 2


def test_units(corpus):
    rows = list(merged_rows(corpus.path, ["manifest", "kmeans_assign/km"], 1))
    assert rows == [{"id": item, "shard": 1, "frames": 5, "duration": 0.05} for item in corpus.utterances[1]]


def test_motifs(corpus):
    lists = pa.list_(pa.int32())
    schema = pa.schema([("id", pa.string()), ("tokens", lists), ("frames", lists)])
    columns = {"id": ["a", "b"], "tokens": [[7, 1], []], "frames": [[30, 1], []]}
    write_table(corpus.path / "motifs/m/shard-0.parquet", columns, schema, "motifs", hop=0.02)
    assert list(merged_rows(corpus.path, ["kmeans_assign/km", "bpe_apply/m"], 0)) == [
        {"id": "a", "shard": 0, "tokens": 2, "frames": 31, "duration": 0.62},
        {"id": "b", "shard": 0, "tokens": 0, "frames": 0, "duration": 0.0},
    ]


def test_transcripts_take_the_place_of_the_text(corpus):
    heard, unheard = corpus.utterances[1]
    words = [{"word": "the", "start": 0.0, "end": 0.5}]
    transcripts = [{"id": heard, "text": "the bow", "words": words}, {"id": unheard, "text": "", "words": []}]
    write_jsonl(corpus.path / "asr/ps/natural/shard-1.jsonl", transcripts)
    corpus.rewrite("manifest/shard-1.jsonl", lambda rows: [rows[0], {"id": unheard, "duration": 1.0}])
    assert list(merged_rows(corpus.path, ["manifest", "asr/ps/natural"], 1)) == [
        {"id": heard, "duration": 1.0, "text": "the bow", "words": words, "reference": f"the {heard}"},
        {"id": unheard, "duration": 1.0, "text": "", "words": []},
    ]
