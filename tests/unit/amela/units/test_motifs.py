"""Motifs: planted ones are found with their times, nothing is lost, and the table adds up."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amela.errors import DataError, Rejected
from amela.io.table import read_table, write_table
from amela.units.bpe import Bpe, train_bpe
from amela.units.motifs import (
    KIND,
    SCHEMA,
    MotifShard,
    MotifUse,
    find_motifs,
    motif_use,
    read_motifs,
    write_motifs,
    write_occurrences,
)
from amela.units.vocabulary import Vocabulary

K, HOP = 40, 0.02
PLANTED = (31, 35, 33, 37, 32, 36)  # units that occur nowhere else


def vocabulary(sequences, vocab_size, deduplicate=True):
    model = train_bpe(sequences, K, vocab_size, 64)
    return Vocabulary(Bpe(model), deduplicate, {"sha256": "codebook"}, hashlib.sha256(model).hexdigest())


def add_shard(motifs, ids, units):
    shard = MotifShard([], [], [], HOP, motifs.bpe.vocab_size, motifs.fingerprint)
    for item, units_T in zip(ids, units):
        shard.add(item, *find_motifs(motifs, units_T))
    return shard


@pytest.fixture(scope="module")
def planted():
    """12 utterances of random units with the planted motif in known places; runs of 1-4 frames."""
    rng = np.random.default_rng(0)
    utterances, places = [], []
    for number in range(12):
        units, runs = [], []
        for _ in range(5):
            noise = rng.permutation(30)[:10].tolist()
            begins = len(runs) + len(noise)
            units += noise + list(PLANTED)
            runs += rng.integers(1, 5, len(noise) + len(PLANTED)).tolist()
            places.append((f"utt-{number}", sum(runs[:begins]) * HOP, sum(runs) * HOP))
        utterances.append(np.repeat(np.array(units, np.uint16), runs))
    return utterances, places


def test_planted_motif_is_found_with_its_count_and_times(planted, tmp_path):
    utterances, places = planted
    runs_once = [units[np.insert(units[1:] != units[:-1], 0, True)] for units in utterances]
    motifs = vocabulary(runs_once, 1 + K + 5)  # five merges make the planted motif, and nothing is as frequent
    token = motifs.bpe.pieces.index(PLANTED)
    shard = add_shard(motifs, [f"utt-{number}" for number in range(12)], utterances)
    write_motifs(tmp_path / "shard-0.parquet", shard)
    write_occurrences(tmp_path / "occurrences", shard, motifs.bpe.lengths_V)

    rows = read_table(tmp_path / "occurrences", "occurrences")[0].to_pylist()
    found = [(row["id"], row["start"], row["end"]) for row in rows if row["motif"] == token]
    assert [item for item, _, _ in found] == [item for item, _, _ in places]
    assert np.allclose([times for _, *times in found], [times for _, *times in places], atol=1e-6)

    use = motif_use(motifs, [tmp_path / "shard-0.parquet"])
    row = next(row for row in use.table() if row["motif"] == token)
    durations = [end - start for _, start, end in places]
    assert (row["count"], row["length"], row["units"]) == (60, 6, "31 35 33 37 32 36")
    assert row["mean_duration"] == pytest.approx(np.mean(durations), abs=1e-6)


@pytest.fixture(scope="module")
def both():
    rng = np.random.default_rng(1)
    sequences = [rng.integers(0, 6, 200) for _ in range(10)]
    return {deduplicate: vocabulary(sequences, 80, deduplicate) for deduplicate in (True, False)}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, K - 1), st.integers(1, 5)), min_size=1, max_size=60), st.booleans())
def test_tokens_and_frames_give_the_units_back(both, runs, deduplicate):
    units = np.repeat([unit for unit, _ in runs], [frames for _, frames in runs]).astype(np.uint16)
    motifs = both[deduplicate]
    tokens, frames = find_motifs(motifs, units)
    assert frames.dtype == tokens.dtype == np.int32
    assert frames.sum() == len(units)
    start = 0
    for token, span in zip(tokens, frames):  # each token stands for the frames that it claims
        here = units[start : start + span]
        start += span
        once = here[np.insert(here[1:] != here[:-1], 0, True)] if deduplicate else here
        assert tuple(once) == motifs.bpe.pieces[token]


def test_no_units_are_rejected(both):
    with pytest.raises(Rejected, match="no units"):
        find_motifs(both[True], np.zeros(0, np.uint16))


def test_one_frame(both):
    tokens, frames = find_motifs(both[True], np.array([7], np.uint16))
    assert both[True].bpe.pieces[tokens[0]] == (7,)
    assert frames.tolist() == [1]


def test_empty_shard(both, tmp_path):
    shard = add_shard(both[True], [], [])
    write_motifs(tmp_path / "shard-0.parquet", shard)
    assert write_occurrences(tmp_path / "occurrences", shard, both[True].bpe.lengths_V) == 0
    assert read_table(tmp_path / "occurrences", "occurrences")[0].num_rows == 0
    assert read_motifs(tmp_path / "shard-0.parquet").ids == []
    use = motif_use(both[True], [tmp_path / "shard-0.parquet"])
    assert use.table() == []
    assert use.summary()["share_longer_than_one"] is None


def test_motifs_read_back(both, tmp_path):
    shard = add_shard(both[True], ["a", "b"], [np.array([1, 1, 2]), np.array([3])])
    write_motifs(tmp_path / "motifs", shard)
    again = read_motifs(tmp_path / "motifs")
    assert (again.ids, again.hop, again.vocab_size, again.fingerprint) == (
        ["a", "b"], HOP, both[True].bpe.vocab_size, both[True].fingerprint,
    )  # fmt: skip
    assert [frames.tolist() for frames in again.frames] == [frames.tolist() for frames in shard.frames]


def test_tokens_without_frames_are_refused(tmp_path):
    columns = {"id": ["a"], "tokens": [[1, 2]], "frames": [[1]]}
    write_table(tmp_path / "motifs", columns, SCHEMA, KIND, hop=HOP, vocab_size=3, fingerprint={})
    with pytest.raises(DataError, match="2 tokens"):
        read_motifs(tmp_path / "motifs")


def test_table_and_summary_by_hand():
    bpe = Bpe(train_bpe([np.array([0, 1, 0, 1])], 2, vocab_size=4, max_length=2))
    counts = dict(zip(bpe.pieces, [0, 3, 1, 3]))  # <unk>, 0 1, then single units
    frames = {(): 0, (0, 1): 30, (0,): 5, (1,): 6}
    use = MotifUse(
        bpe, 0.01, np.array([counts[piece] for piece in bpe.pieces]), np.array([frames[piece] for piece in bpe.pieces])
    )
    rows = use.table()
    assert [row["count"] for row in rows] == [3, 3, 1]  # by count, then by number
    assert rows[0]["motif"] < rows[1]["motif"]
    assert rows[0] == {"motif": 1, "units": "0 1", "length": 2, "count": 3, "mean_duration": 0.1}
    assert use.summary() == {
        "vocab_size": 4,
        "tokens": 7,
        "units": 10,
        "frames": 41,
        "pieces_used": 3,
        "pieces_longer_than_one": pytest.approx(1 / 3),
        "share_longer_than_one": pytest.approx(3 / 7),
        "mean_length": pytest.approx(10 / 7),
        "mean_duration": pytest.approx(0.41 / 7, abs=1e-6),
    }


def test_motifs_of_another_model_are_refused(both, tmp_path):
    write_motifs(tmp_path / "motifs", add_shard(both[False], ["a"], [np.array([1, 2])]))
    with pytest.raises(DataError, match="deduplicate"):
        motif_use(both[True], [tmp_path / "motifs"])
