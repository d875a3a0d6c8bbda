"""The merge stage from its command line: it writes three files or none."""

import json

import pytest
from loading import main_of

from amela.errors import AmelaError, DataError
from amela.io.jsonl import read_jsonl, write_jsonl


@pytest.fixture(scope="module")
def merge():
    return main_of("merge")


@pytest.fixture
def transcripts(tmp_path):
    """A corpus of one shard and ten utterances, of which the recogniser rejected one."""
    ids = [f"utt-{i}" for i in range(10)]
    write_jsonl(tmp_path / "manifest/shard-0.jsonl", ({"id": item, "duration": 10.0} for item in ids))
    transcripts = ({"id": item, "text": f"it is {item}", "model": "ps", "words": []} for item in ids[1:])
    write_jsonl(tmp_path / "asr/ps/natural/shard-0.jsonl", transcripts)
    rejected = [{"id": "utt-0", "stage": "asr", "reason": "no words"}]
    write_jsonl(tmp_path / "asr/ps/natural/shard-0.rejected.jsonl", rejected)
    return tmp_path


def arguments(corpus, limit, max_repeated="0.05"):
    output = corpus / "merged/asr"
    return [
        "--corpus", f"{corpus}", "--chain", "manifest", "asr/ps/natural", "--shards", "1",
        "--max-rejected", limit, "--max-repeated", max_repeated,
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


def rewrite(corpus, change):
    path = corpus / "asr/ps/natural/shard-0.jsonl"
    write_jsonl(path, [change(row) for row in read_jsonl(path)])


@pytest.mark.parametrize(("text", "message"), [("", "not a word was recognised in 9"), ("Hi.", "'hi' for 9 of 9")])
def test_transcripts_that_cannot_be_true_leave_everything_as_it_was(merge, transcripts, text, message):
    whole = arguments(transcripts, "0.1")
    merge(whole)
    before = {path: path.read_bytes() for path in (transcripts / "merged").iterdir()}
    assert len(before) == 3
    rewrite(transcripts, lambda row: {**row, "text": text})
    with pytest.raises(AmelaError, match=message):
        merge(whole)
    assert {path: path.read_bytes() for path in (transcripts / "merged").iterdir()} == before


def test_transcripts_that_cannot_be_true_write_nothing(merge, transcripts):
    rewrite(transcripts, lambda row: {**row, "text": "hi"})
    with pytest.raises(AmelaError, match="'hi' for 9 of 9"):
        merge(arguments(transcripts, "0.1"))
    assert list((transcripts / "merged").iterdir()) == []
    merge(arguments(transcripts, "0.1", "1"))  # where it may be so
    assert len(list(read_jsonl(transcripts / "merged/asr.jsonl"))) == 9


def test_a_lost_transcript_is_named(merge, transcripts):
    path = transcripts / "asr/ps/natural/shard-0.jsonl"
    write_jsonl(path, [row for row in read_jsonl(path) if row["id"] != "utt-4"])
    with pytest.raises(DataError, match="asr/ps/natural, shard 0: 1 utterance neither written nor rejected: utt-4 "):
        merge(arguments(transcripts, "1"))
    assert not (transcripts / "merged").exists()


def test_a_piece_that_was_rejected_is_told_and_not_taken_for_the_utterance(merge, transcripts):
    ledger = transcripts / "asr/ps/natural/shard-0.rejected.jsonl"
    piece = {"id": "utt-3", "stage": "asr", "reason": "no end", "start": 4.0, "end": 6.5}
    write_jsonl(ledger, [*read_jsonl(ledger), piece])
    segments = [{"start": 0.0, "end": 4.0, "text": "it is"}, {"start": 4.0, "end": 6.5, "text": "", "rejected": "no"}]
    rewrite(transcripts, lambda row: {**row, "segments": segments} if row["id"] == "utt-3" else row)
    merge(arguments(transcripts, "0.1"))
    merged = transcripts / "merged"
    assert list(read_jsonl(merged / "asr.rejected.jsonl"))[1] == piece
    counts = {"stage": "asr", "in": 10, "out": 9, "rejected": 1, "filtered": 0}
    assert json.loads((merged / "asr.coverage.json").read_text()) == {"stages": [counts]}
    rewrite(transcripts, lambda row: {**row, "segments": [{**segments[1], "end": 14.0}]} if "segments" in row else row)
    with pytest.raises(AmelaError, match=r"10 of 90 s \(11\.1%, allowed are 10\.0%\)"):
        merge(arguments(transcripts, "0.1"))
