from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance, write_manifest
from amela.io.table import write_table
from amela.lm.data import corpora_from_arguments, frame_sequence, read_corpora
from amela.units.sequences import UnitShard, write_units


@pytest.fixture
def corpus(tmp_path):
    """Function that writes a corpus of unit shards; returns (manifest, shards)."""

    def write(name, *shards, k=5, fingerprint="f", seconds=2.0):
        manifest = tmp_path / f"{name}.jsonl"
        ids = [item for shard in shards for item in shard]
        write_manifest(manifest, [Utterance(i, f"/{i}.wav", seconds, speaker="s", recording="r") for i in ids])
        paths = []
        for number, shard in enumerate(shards):
            paths.append(tmp_path / f"{name}-{number}.parquet")
            units = [np.array(row, dtype=np.uint16) for row in shard.values()]
            write_units(paths[-1], UnitShard(list(shard), units, 0.02, k, {"sha256": fingerprint}))
        return [manifest], paths

    return write


def test_tokens_meet_their_utterances_in_order(corpus):
    data = read_corpora({"a": corpus("a", {"u2": [1, 1, 3], "u1": []}, {}, {"u3": [4]})}, "units", False)
    assert [(u.corpus, u.id, u.sequence.tolist()) for u in data.utterances] == [
        ("a", "u2", [5, 1, 1, 3, 5]),
        ("a", "u1", [5, 5]),
        ("a", "u3", [5, 4, 5]),
    ]
    assert [u.predictions for u in data.utterances] == [4, 1, 2]
    assert {(u.seconds, u.speaker, u.recording) for u in data.utterances} == {(2.0, "s", "r")}
    assert (data.vocab_size, data.source["kind"], data.source["hop"]) == (5, "units", 0.02)


def test_runs_count_as_one_on_request(corpus):
    data = read_corpora({"a": corpus("a", {"u": [1, 1, 3, 3, 3, 1]})}, "units", True)
    assert data.utterances[0].sequence.tolist() == [5, 1, 3, 1, 5]


def test_equal_ids_of_two_corpora_keep_their_own_durations(corpus):
    corpora = {"a": corpus("a", {"u": [1]}, seconds=1.0), "b": corpus("b", {"u": [2]}, seconds=3.0)}
    data = read_corpora(corpora, "units", False)
    assert [(u.corpus, u.sequence[1], u.seconds) for u in data.utterances] == [("a", 1, 1.0), ("b", 2, 3.0)]


def test_units_of_two_codebooks_do_not_mix(corpus):
    corpora = {"a": corpus("a", {"u": [1]}), "b": corpus("b", {"v": [1]}, fingerprint="other")}
    with pytest.raises(DataError, match="made by something else.*b-0.parquet"):
        read_corpora(corpora, "units", False)


def test_an_utterance_that_the_manifest_lacks_is_refused(corpus):
    manifest, _ = corpus("a", {"u": [1]})
    _, shards = corpus("b", {"v": [1]})
    with pytest.raises(DataError, match="'v' is not in the manifest of corpus 'a'"):
        read_corpora({"a": (manifest, shards)}, "units", False)


def test_a_shard_that_is_given_twice_is_refused(corpus):
    manifest, shards = corpus("a", {"u": [1]})
    with pytest.raises(DataError, match="stands twice"):
        read_corpora({"a": (manifest, shards * 2)}, "units", False)


def test_no_utterance_at_all_is_refused(corpus):
    with pytest.raises(AmelaError, match="not one utterance"):
        read_corpora({"a": corpus("a", {})}, "units", False)


def write_motifs(path, tokens, vocab_size):
    schema = pa.schema([("id", pa.string()), ("tokens", pa.list_(pa.int32())), ("frames", pa.list_(pa.int32()))])
    columns = {"id": ["u"], "tokens": [tokens], "frames": [[2] * len(tokens)]}
    write_table(path, columns, schema, "motifs", hop=0.02, vocab_size=vocab_size, fingerprint={"sha256": "m"})


def test_motifs_are_read_and_checked(corpus, tmp_path):
    manifest, _ = corpus("a", {"u": [1]})
    write_motifs(tmp_path / "m.parquet", [300, 299], 301)
    data = read_corpora({"a": (manifest, [tmp_path / "m.parquet"])}, "motifs", False)
    assert data.utterances[0].sequence.tolist() == [301, 300, 299, 301]
    assert data.vocab_size == 301
    write_motifs(tmp_path / "m.parquet", [301], 301)
    with pytest.raises(DataError, match="beyond the vocabulary of 301"):
        read_corpora({"a": (manifest, [tmp_path / "m.parquet"])}, "motifs", False)


def test_units_are_no_motifs(corpus):
    with pytest.raises(DataError, match="expected a table of kind 'motifs', found 'units'"):
        read_corpora({"a": corpus("a", {"u": [1]})}, "motifs", False)


@pytest.mark.parametrize(
    "change", [{"seconds": 2.5}, {"fingerprint": "g"}, {"k": 6}, {"units": [1, 3]}, {"name": "v"}], ids=str
)
def test_digest_sees_whatever_scores_depend_on(corpus, change):
    change = dict(change)
    plain = read_corpora({"a": corpus("a", {"u": [1, 2]})}, "units", False).digest()
    assert read_corpora({"a": corpus("a", {"u": [1, 2]})}, "units", False).digest() == plain
    row = {change.pop("name", "u"): change.pop("units", [1, 2])}
    assert read_corpora({"a": corpus("a", row, **change)}, "units", False).digest() != plain


@pytest.mark.parametrize(("vocab_size", "dtype"), [(254, np.uint8), (255, np.uint16), (65535, np.uint32)])
def test_sequences_are_as_small_as_boundary_and_padding_allow(vocab_size, dtype):
    framed = frame_sequence(np.array([0, vocab_size - 1]), vocab_size)
    assert framed.dtype == dtype
    assert framed.tolist() == [vocab_size, 0, vocab_size - 1, vocab_size]


def test_arguments_name_folders_and_their_number_of_shards():
    found = corpora_from_arguments([["a", "manifest", "units/k5", "2"], ["b", "m", "t", "0"]])
    assert found["a"][0] == [Path("manifest/shard-0.jsonl"), Path("manifest/shard-1.jsonl")]
    assert found["a"][1] == [Path("units/k5/shard-0.parquet"), Path("units/k5/shard-1.parquet")]
    assert found["b"] == ([], [])
