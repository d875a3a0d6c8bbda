"""The proof that no stage lost anything: what it counts, and every gap that it must name."""

import pytest

from amela.errors import AmelaError, DataError
from amela.io.jsonl import write_jsonl
from amela.merge.coverage import Flow, check_rejected, check_something_left, ledger_rows, prove_coverage

MANIFEST = ["inventory", "segment", "vad_infer", "vad", "manifest"]
UNITS = ["manifest", "kmeans_assign/km"]


def refused(corpus, chain):
    with pytest.raises(DataError) as error:
        prove_coverage(corpus.path, chain, 2)
    return str(error.value)


def without(item):
    return lambda rows: [row for row in rows if row["id"] != item]


def test_complete_chain(corpus):
    rows = [flow.to_row() for flow in prove_coverage(corpus.path, MANIFEST, 2)]
    assert rows == [
        {"stage": "inventory", "in": 5, "out": 4, "rejected": 1, "filtered": 0},
        # anna/1 lost a piece to a filter and gave two; bo/2 gave nothing
        {"stage": "segment", "in": 4, "out": 6, "rejected": 1, "filtered": 1},
        {"stage": "vad_infer", "in": 6, "out": 6, "rejected": 0, "filtered": 0},
        {"stage": "vad", "in": 6, "out": 6, "rejected": 0, "filtered": 0},
        {"stage": "manifest", "in": 6, "out": 6, "rejected": 0, "filtered": 0},
    ]


def test_ledgers_come_stage_by_stage(corpus):
    rows = [(row["stage"], row["id"]) for row in ledger_rows(corpus.path, MANIFEST, 2)]
    assert rows == [("inventory", "x"), ("segment", "anna/1"), ("segment", "bo/2")]


def test_rejected_items_are_counted_once(corpus):
    lost = corpus.utterances[0][0]
    corpus.rewrite("manifest/shard-0.jsonl", without(lost))
    corpus.rewrite("vad/shard-0.jsonl", without(lost))
    row = {"id": lost, "stage": "vad", "reason": "odd"}
    corpus.rewrite("vad/shard-0.rejected.jsonl", lambda rows: [row])
    flow = prove_coverage(corpus.path, MANIFEST, 2)[3]
    assert (flow.entered, flow.out, flow.rejected, flow.filtered) == (6, 5, 1, 0)


def test_a_lost_utterance_is_named(corpus):
    corpus.units(1, corpus.utterances[1][1:])
    message = refused(corpus, UNITS)
    assert f"kmeans_assign/km, shard 1: 1 utterance neither written nor rejected: {corpus.utterances[1][0]}" in message


def test_a_lost_recording_is_named(corpus):
    corpus.rewrite("segment/shard-1.rejected.jsonl", lambda rows: [])
    assert "segment, shard 1: 1 recording neither written nor rejected: bo/2" in refused(corpus, MANIFEST)


@pytest.mark.parametrize(
    ("name", "stage"),
    [("vad/shard-0.jsonl", "vad"), ("manifest/shard-0.jsonl", "manifest"), ("segment/shard-0.jsonl", "segment")],
)
def test_a_lost_row_of_any_stage_is_seen(corpus, name, stage):
    corpus.rewrite(name, lambda rows: rows[2:])  # both cuts of anna/1, whose ledger row is of another piece
    if stage == "segment":  # the ledger accounts for anna/1, but the next stage has its cuts from nowhere
        assert "vad_infer, shard 0: 2 utterances from nowhere" in refused(corpus, MANIFEST)
    else:
        assert f"{stage}, shard 0: 2 utterances neither written nor rejected" in refused(corpus, MANIFEST)


def test_every_gap_is_reported_not_only_the_first(corpus):
    corpus.units(0, corpus.utterances[0][1:])
    corpus.units(1, [*corpus.utterances[1], "zoe/1"])
    message = refused(corpus, UNITS)
    assert "shard 0: 1 utterance neither written nor rejected" in message
    assert "shard 1: 1 utterance from nowhere: zoe/1" in message


def test_rows_that_swapped_shards_are_seen(corpus):
    corpus.units(0, corpus.utterances[1])
    corpus.units(1, corpus.utterances[0])
    assert "shard 0: 4 utterances neither written nor rejected" in refused(corpus, UNITS)


def test_written_twice(corpus):
    corpus.units(0, [*corpus.utterances[0], corpus.utterances[0][0]])
    assert f"1 utterance written twice: {corpus.utterances[0][0]}" in refused(corpus, UNITS)


def test_written_and_rejected(corpus):
    item = corpus.utterances[0][0]
    row = {"id": item, "stage": "kmeans_assign", "reason": "odd"}
    corpus.rewrite("units/km/shard-0.rejected.jsonl", lambda rows: [row])
    assert f"both written and rejected: {item}" in refused(corpus, UNITS)


def test_rejected_twice(corpus):
    item = corpus.utterances[0][0]
    corpus.units(0, corpus.utterances[0][1:])
    row = {"id": item, "stage": "kmeans_assign", "reason": "odd"}
    corpus.rewrite("units/km/shard-0.rejected.jsonl", lambda rows: [row, row])
    assert f"rejected twice: {item}" in refused(corpus, UNITS)


def test_the_same_id_in_two_shards(corpus):
    item = corpus.utterances[0][0]
    corpus.rewrite("manifest/shard-1.jsonl", lambda rows: [*rows, {"id": item}])
    corpus.units(1, [*corpus.utterances[1], item])
    assert f"kmeans_assign/km, shard 1: {item} stands in an earlier shard too" in refused(corpus, UNITS)


def test_a_missing_file_is_named(corpus):
    (corpus.path / "vad/shard-1.probabilities.parquet").unlink()
    assert "vad_infer, shard 1: vad/shard-1.probabilities.parquet is missing" in refused(corpus, MANIFEST)


def test_a_missing_shard_is_named(corpus):
    with pytest.raises(DataError, match=r"shard 2: units/km/shard-2\.parquet is missing"):
        prove_coverage(corpus.path, UNITS, 3)


def test_a_row_without_id_is_refused(corpus):
    corpus.rewrite("manifest/shard-1.jsonl", lambda rows: [*rows, {"duration": 1}])
    assert "row without 'id'" in refused(corpus, UNITS)
    assert "manifest/shard-1.jsonl:3" in refused(corpus, UNITS)


def test_fewer_shards_than_the_inventory_has(corpus):
    with pytest.raises(DataError, match="5 files listed, but 2 recordings and 1 rejected"):
        prove_coverage(corpus.path, MANIFEST, 1)


def test_a_recording_in_two_shards(corpus):
    corpus.rewrite("inventory/shard-1.jsonl", lambda rows: [*rows, {"id": "anna/1"}])
    corpus.rewrite("segment/shard-1.jsonl", lambda rows: [*rows, {"id": "anna/1/again", "recording": "anna/1"}])
    assert "anna/1/again" in refused(corpus, MANIFEST)


def test_long_lists_are_cut(corpus):
    corpus.units(0, [f"no-{i}" for i in range(50)])
    message = refused(corpus, UNITS)
    assert "50 utterances from nowhere: " in message
    assert message.count("no-") == 10


def test_max_rejected_is_a_share_of_what_a_stage_took_in(corpus):
    flows = prove_coverage(corpus.path, MANIFEST, 2)
    check_rejected(flows, 0.25, corpus.path)  # inventory 1 of 5, segment 1 of 4
    with pytest.raises(AmelaError) as error:
        check_rejected(flows, 0.24, corpus.path)
    message = str(error.value)
    assert "segment rejected 1 of 4 recordings (25.0%, allowed are 24.0%): 1× cannot be decoded; items: bo/2" in message
    assert str(corpus.path / "segment/shard-*.rejected.jsonl") in message
    assert "max_rejected" in message


def test_what_a_filter_took_out_does_not_count():
    flow = Flow("manifest", entered=10)
    flow.reject([{"id": f"{i}", "reason": "too little speech", "filtered": True} for i in range(9)])
    check_rejected([flow], 0.0, "corpus")
    assert (flow.rejected, flow.filtered) == (0, 9)


def test_an_item_lost_for_two_reasons_is_one_item_and_a_failure():
    flow = Flow("segment", entered=10)
    odd = {"id": "a", "reason": "odd"}
    assert flow.reject([{"id": "a", "reason": "short", "filtered": True}, odd, odd]) == {"a"}
    assert (flow.rejected, flow.filtered, flow.examples, dict(flow.reasons)) == (1, 0, ["a"], {"odd": 2})


def test_reasons_are_counted_without_what_names_the_item(tmp_path):
    flow = Flow("vad", entered=20)
    flow.reject([{"id": f"utt-{i}", "reason": f"unreadable — {i}.wav"} for i in range(12)])
    with pytest.raises(AmelaError) as error:
        check_rejected([flow], 0.05, tmp_path)
    assert "12× unreadable; items: utt-0, utt-1," in str(error.value)
    assert "utt-9, …" in str(error.value)


def test_nothing_left_is_an_error(tmp_path):
    flow = Flow("manifest", entered=3)
    flow.reject([{"id": item, "reason": "short", "filtered": True} for item in "abc"])
    with pytest.raises(AmelaError, match="nothing is left after manifest: 3 utterances came in, 0 were rejected and 3"):
        check_something_left([Flow("vad", entered=3, out=3), flow], tmp_path)


def test_pieces_are_rejected_of_what_is_written(corpus):
    """Of a recogniser an item may be written and rejected in part; of other stages it may not."""
    for shard, ids in enumerate(corpus.utterances):
        write_jsonl(corpus.path / f"asr/m/natural/shard-{shard}.jsonl", ({"id": item} for item in ids))
        write_jsonl(corpus.path / f"asr/m/natural/shard-{shard}.rejected.jsonl", [])
    chain, ledger, item = ["manifest", "asr/m/natural"], "asr/m/natural/shard-0.rejected.jsonl", corpus.utterances[0][0]
    pieces = [
        {"id": item, "stage": "asr", "reason": "no end", "start": start, "end": start + 1.0} for start in (0.0, 2.0)
    ]
    corpus.rewrite(ledger, lambda rows: pieces)
    [flow] = prove_coverage(corpus.path, chain, 2)
    assert (flow.entered, flow.out, flow.rejected) == (6, 6, 0)
    corpus.rewrite("asr/m/natural/shard-0.jsonl", without(item))
    message = refused(corpus, chain)
    assert f"1 utterance neither written nor rejected: {item}" in message
    assert f"1 utterance rejected in part and not written: {item}" in message
    corpus.rewrite("units/km/shard-0.rejected.jsonl", lambda rows: [{**pieces[0], "stage": "kmeans_assign"}])
    assert f"1 utterance both written and rejected: {item}" in refused(corpus, UNITS)
