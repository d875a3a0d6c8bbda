"""Rows of the merged tables."""

import pyarrow as pa
import pytest

from amela.asr.gates import Limits
from amela.errors import AmelaError, DataError
from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.manifest import read_manifest
from amela.io.table import write_table
from amela.merge.merged import merged_rows, merged_table


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


WORDS = [{"word": "the", "start": 0.0, "end": 0.5}]


def transcribed(corpus, *transcripts):
    """Rows of the second shard, whose two utterances have these transcripts."""
    rows = [{"id": item, **transcript} for item, transcript in zip(corpus.utterances[1], transcripts)]
    write_jsonl(corpus.path / "asr/ps/natural/shard-1.jsonl", rows)
    return list(merged_rows(corpus.path, ["manifest", "asr/ps/natural"], 1))


@pytest.mark.parametrize("text", [{}, {"text": None}, {"text": " "}])
def test_transcripts_take_the_place_of_the_text(corpus, text):
    heard, unheard = corpus.utterances[1]
    corpus.rewrite("manifest/shard-1.jsonl", lambda rows: [rows[0], {"id": unheard, "duration": 1.0, **text}])
    before = (corpus.path / "manifest/shard-1.jsonl").read_bytes()
    segments = [{"start": 0.0, "end": 1.0, "text": "the bow"}]
    first = {"text": "the bow", "model": "ps@1", "words": WORDS, "segments": segments}
    assert transcribed(corpus, first, {"text": "", "model": "ps@1", "words": []}) == [
        {"id": heard, "duration": 1.0, **first, "reference": f"the {heard}"},
        {"id": unheard, "duration": 1.0, "text": "", "model": "ps@1", "words": []},
    ]
    assert (corpus.path / "manifest/shard-1.jsonl").read_bytes() == before


def test_a_text_that_was_kept_is_no_reference_of_itself(corpus):
    kept, heard = corpus.utterances[1]
    rows = transcribed(corpus, {"text": f"the {kept}", "model": None}, {"text": "a bow", "model": "ps@1"})
    assert rows[0] == {"id": kept, "duration": 1.0, "text": f"the {kept}", "model": None}
    assert rows[1]["reference"] == f"the {heard}"


def test_a_source_with_transcripts_of_another_recogniser(corpus):
    """Its words and its reference belong to a text that is no longer the row's."""
    old = {"model": "other@2", "words": WORDS, "segments": [], "reference": "long ago", "speaker": "bo"}
    corpus.rewrite("manifest/shard-1.jsonl", lambda rows: [{**row, **old} for row in rows])
    first, second = transcribed(corpus, {"text": "new", "model": "ps@1"}, {"text": "kept", "model": None})
    assert (first["reference"], first["speaker"]) == (f"the {first['id']}", "bo")
    assert "words" not in first and "segments" not in first
    assert "reference" not in second and "words" not in second and second["model"] is None


@pytest.mark.parametrize("broken", [{"text": "no model"}, {"model": "no text"}, {"text": None, "model": "x"}])
def test_a_transcript_that_lacks_something_is_named(corpus, broken):
    with pytest.raises(DataError, match=r"transcript without 'text' or 'model'.*shard-1\.jsonl:2"):
        transcribed(corpus, {"text": "whole", "model": "ps@1"}, broken)


def test_the_table_of_transcripts_is_a_manifest(corpus):
    """AMELA's reader, and so NeMo's, takes it as a corpus' manifest with texts."""
    audio = {"audio_filepath": "/a.flac", "offset": 2.5, "recording": "bo/1", "speaker": "bo"}
    corpus.rewrite("manifest/shard-1.jsonl", lambda rows: [{**row, **audio} for row in rows])
    rows = transcribed(corpus, {"text": "a bow", "model": "ps@1", "words": WORDS}, {"text": "the", "model": None})
    write_jsonl(corpus.path / "merged.jsonl", rows)
    heard, kept = read_manifest(corpus.path / "merged.jsonl")
    assert (heard.text, heard.speaker, heard.offset, heard.duration) == ("a bow", "bo", 2.5, 1.0)
    assert heard.metadata == {"model": "ps@1", "words": WORDS, "reference": f"the {heard.id}"}
    assert (kept.text, kept.metadata) == ("the", {"model": None})


def test_a_table_has_the_shards_in_their_order(corpus):
    rows = merged_table(corpus.path, ["manifest", "kmeans_assign/km"], 2)
    assert [row["id"] for row in rows] == corpus.utterances[0] + corpus.utterances[1]


def test_transcripts_are_checked_over_all_shards(corpus):
    for shard, ids in enumerate(corpus.utterances):  # four and two utterances
        texts = [f"{shard} {item}" if item == ids[0] else "thank you" for item in ids]
        rows = [{"id": item, "text": text, "model": "m"} for item, text in zip(ids, texts)]
        write_jsonl(corpus.path / f"asr/m/natural/shard-{shard}.jsonl", rows)
    chain = ["manifest", "asr/m/natural"]
    assert len(list(merged_table(corpus.path, chain, 2, Limits(0.7, 0.0)))) == 6
    with pytest.raises(AmelaError, match=r"'thank you' for 4 of 6 .*asr/m/natural/shard-\*\.jsonl"):
        list(merged_table(corpus.path, chain, 2, Limits(0.05, 0.0)))


def test_transcripts_are_not_merged_unchecked(corpus):
    with pytest.raises(AmelaError, match="not merged unchecked — asr/m/natural"):
        merged_table(corpus.path, ["manifest", "asr/m/natural"], 2)
