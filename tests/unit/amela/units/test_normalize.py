"""Mirrors workflow/scripts/amela/units/normalize.py."""

import numpy as np
import pytest

from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance
from amela.units.normalize import (
    FeatureSums,
    fit_normalizer,
    group_of,
    pool_sums,
    read_normalizer,
    short_groups,
    write_normalizer,
)

MADE_BY = {"encoder": "e", "hop": 0.01, "dimension": 3, "normalize": "speaker"}


def utterance(speaker=None, recording="r1"):
    return Utterance("r1/1-2", "/x.wav", 1.0, recording=recording, speaker=speaker)


@pytest.mark.parametrize(
    "speaker, normalize, group",
    [
        ("anna", "speaker", "speaker anna"),
        (None, "speaker", "recording r1"),
        ("anna", "recording", "recording r1"),
        ("anna", "none", ""),
    ],
)
def test_group(speaker, normalize, group):
    assert group_of(utterance(speaker), normalize) == group


def test_group_of_an_utterance_that_was_not_cut():
    assert group_of(utterance(recording=""), "recording") == "recording r1/1-2"


def test_unknown_normalize():
    with pytest.raises(AmelaError, match="utterance"):
        group_of(utterance(), "utterance")


def features(n, seed):
    """Level and spread as in cepstra: a large mean, one feature that hardly moves."""
    return (np.random.default_rng(seed).standard_normal((n, 3)) * [60, 1, 0.01] + [-300, 5, 0]).astype(np.float32)


def shards():
    """Sums of two shards, and the features of each group."""
    first, second = FeatureSums(MADE_BY), FeatureSums(MADE_BY)
    parts = {"speaker b": [features(700, 0), features(1, 1)], "speaker a": [features(50, 2), features(400, 3)]}
    first.add("speaker b", parts["speaker b"][0])
    first.add("speaker a", parts["speaker a"][0])
    second.add("speaker b", parts["speaker b"][1])
    second.add("speaker a", parts["speaker a"][1])
    return (first, second), {group: np.concatenate(rows) for group, rows in parts.items()}


def written(tmp_path, sums):
    paths = [tmp_path / f"{i}.parquet" for i in range(len(sums))]
    for path, shard in zip(paths, sums):
        shard.write(path)
    return paths


def test_pooled_over_shards_it_is_the_statistics_of_all_frames(tmp_path):
    sums, frames = shards()
    normalizer = write_normalizer(tmp_path / "n.parquet", pool_sums(written(tmp_path, sums)))
    assert list(normalizer.statistics) == ["speaker a", "speaker b"]
    for group, rows in frames.items():
        count, mean, deviation = normalizer.statistics[group]
        wide = rows.astype(np.float64)
        assert count == len(wide)
        np.testing.assert_allclose(mean, wide.mean(axis=0), rtol=1e-10)
        np.testing.assert_allclose(deviation, wide.std(axis=0), rtol=1e-6)
        applied = normalizer.apply(group, rows)
        assert applied.dtype == np.float32
        np.testing.assert_allclose(applied.mean(axis=0, dtype=np.float64), 0, atol=1e-6)
        np.testing.assert_allclose(applied.std(axis=0, dtype=np.float64), 1, atol=1e-6)


def test_read_is_what_was_written_and_bytes_do_not_vary(tmp_path):
    sums, frames = shards()
    paths = written(tmp_path, sums)
    one = write_normalizer(tmp_path / "one.parquet", pool_sums(paths))
    write_normalizer(tmp_path / "two.parquet", pool_sums(paths))
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    found = read_normalizer(tmp_path / "one.parquet")
    assert found.fingerprint == MADE_BY
    for group, rows in frames.items():
        np.testing.assert_array_equal(found.apply(group, rows), one.apply(group, rows))


def test_a_feature_that_never_changes_becomes_zero():
    sums = FeatureSums(MADE_BY)
    sums.add("g", np.full((10, 3), -23.0, np.float32))
    _, mean, deviation = fit_normalizer(sums)["g"]
    assert mean.tolist() == [-23.0] * 3 and deviation.tolist() == [1e-3] * 3


def test_a_shard_without_utterances(tmp_path):
    sums, _ = shards()
    paths = written(tmp_path, [FeatureSums(MADE_BY), sums[0]])
    assert fit_normalizer(pool_sums(paths)).keys() == {"speaker a", "speaker b"}
    assert write_normalizer(tmp_path / "n.parquet", pool_sums(paths[:1])).statistics == {}


def test_refuses_sums_of_another_encoder(tmp_path):
    paths = written(tmp_path, [FeatureSums(MADE_BY), FeatureSums({**MADE_BY, "encoder": "f"})])
    with pytest.raises(DataError, match="encoder is 'f'"):
        pool_sums(paths)


def test_refuses_a_speaker_it_has_not_seen(tmp_path):
    sums, _ = shards()
    normalizer = write_normalizer(tmp_path / "n.parquet", sums[0])
    with pytest.raises(DataError, match="no statistics for 'speaker c'"):
        normalizer.apply("speaker c", features(2, 0))


def test_short_groups(tmp_path):
    sums = FeatureSums(MADE_BY)
    sums.add("speaker long", features(1_000, 0))
    sums.add("speaker short", features(999, 0))
    assert short_groups(write_normalizer(tmp_path / "n.parquet", sums)) == ["speaker short"]
