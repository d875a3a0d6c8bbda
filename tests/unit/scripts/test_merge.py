"""The merge stage from its command line: it writes three files or none."""

import json

import pytest
from loading import main_of

from amela.errors import AmelaError
from amela.io.jsonl import read_jsonl, write_jsonl


@pytest.fixture(scope="module")
def merge():
    return main_of("merge")


@pytest.fixture
def transcripts(tmp_path):
    """A corpus of one shard and ten utterances, of which the recogniser rejected one."""
    ids = [f"utt-{i}" for i in range(10)]
    write_jsonl(tmp_path / "manifest/shard-0.jsonl", ({"id": item} for item in ids))
    write_jsonl(tmp_path / "asr/ps/natural/shard-0.jsonl", ({"id": item, "text": "a", "words": []} for item in ids[1:]))
    rejected = [{"id": "utt-0", "stage": "asr", "reason": "no words"}]
    write_jsonl(tmp_path / "asr/ps/natural/shard-0.rejected.jsonl", rejected)
    return tmp_path


def arguments(corpus, limit):
    output = corpus / "merged/asr"
    return [
        "--corpus", f"{corpus}", "--chain", "manifest", "asr/ps/natural", "--shards", "1", "--max-rejected", limit,
        "--output", f"{output}.jsonl", "--rejected", f"{output}.rejected.jsonl",
        "--coverage", f"{output}.coverage.json",
    ]  # fmt: skip


def test_three_files(merge, transcripts):
    merge(arguments(transcripts, "0.1"))
    merged = transcripts / "merged"
    assert [row["id"] for row in read_jsonl(merged / "asr.jsonl")] == [f"utt-{i}" for i in range(1, 10)]
    assert [row["reason"] for row in read_jsonl(merged / "asr.rejected.jsonl")] == ["no words"]
    counts = {"stage": "asr", "in": 10, "out": 9, "rejected": 1, "filtered": 0}
    assert json.loads((merged / "asr.coverage.json").read_text()) == {"stages": [counts]}


def test_too_many_rejected_write_nothing(merge, transcripts):
    with pytest.raises(AmelaError, match="asr rejected 1 of 10 utterances"):
        merge(arguments(transcripts, "0.05"))
    assert not (transcripts / "merged").exists()
