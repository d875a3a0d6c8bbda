"""Mirrors workflow/scripts/amela/units/frames.py."""

import numpy as np
import pytest

from amela.errors import AmelaError, DataError
from amela.units.features import FeatureSample, encoder_fingerprint, write_features
from amela.units.frames import sample_frames
from amela.units.normalize import FeatureSums, write_normalizer

HOP = 0.01


def made_by(normalize):
    return encoder_fingerprint({"backend": "mfcc", "hop": HOP, "normalize": normalize}, HOP, 2)


def corpus(folder, level, normalize="speaker", seconds=(1, 2), shards=2):
    """``shards`` files, each with utterances of these seconds; frame values lie around ``level``."""
    folder.mkdir()
    sums, rng = FeatureSums(made_by(normalize)), np.random.default_rng(level)
    for shard in range(shards):
        sample = FeatureSample(made_by(normalize))
        for i, length in enumerate(seconds):
            frames = (level + rng.standard_normal((round(length / HOP), 2))).astype(np.float32)
            sample.add(f"{shard}-{i}", "speaker a", i, frames)
            sums.add("speaker a", frames)
        write_features(folder / f"shard-{shard}.features.parquet", sample)
    if normalize != "none":
        write_normalizer(folder / "normalizer.parquet", sums)
    return folder, shards


def test_every_shard_gives_its_share(tmp_path):
    sample = sample_frames([corpus(tmp_path / "a", 0)], hours=2 / 3600)
    assert sample.hours == pytest.approx(2 / 3600)  # the first utterance of each shard, a second each
    assert sample.frames_ND.shape == (200, 2) and sample.frames_ND.dtype == np.float32
    assert sample.fingerprint == made_by("speaker")


def test_frames_keep_their_order(tmp_path):
    folder, shards = corpus(tmp_path / "a", 5, "none")
    sample = sample_frames([(folder, shards)], hours=1)
    assert sample.frames_ND.shape == (600, 2)
    less = sample_frames([(folder, 1)], hours=1e-9)
    np.testing.assert_array_equal(less.frames_ND, sample.frames_ND[:100])


def test_each_corpus_has_its_own_normalizer(tmp_path):
    """The same speaker's name in two corpora, 1,000 apart in level."""
    folders = [corpus(tmp_path / "a", 0), corpus(tmp_path / "b", 1_000)]
    frames = sample_frames(folders, hours=1).frames_ND
    for part in (frames[:600], frames[600:]):
        np.testing.assert_allclose(part.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(part.std(axis=0), 1, atol=1e-4)


def test_without_normalisation_frames_stay_as_they_are(tmp_path):
    assert sample_frames([corpus(tmp_path / "a", 1_000, "none")], hours=1).frames_ND.min() > 990


def test_a_shard_without_utterances(tmp_path):
    folder, _ = corpus(tmp_path / "a", 0)
    write_features(folder / "shard-2.features.parquet", FeatureSample(made_by("speaker")))
    assert len(sample_frames([(folder, 3)], hours=1).frames_ND) == 600


def test_nothing_to_fit_on(tmp_path):
    with pytest.raises(AmelaError, match="nothing to fit"):
        sample_frames([corpus(tmp_path / "a", 0, "none", seconds=())], hours=1)


def test_refuses_two_encoders(tmp_path):
    with pytest.raises(DataError, match="made by something else"):
        sample_frames([corpus(tmp_path / "a", 0), corpus(tmp_path / "b", 0, "none")], hours=1)
