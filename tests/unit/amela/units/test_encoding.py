"""Mirrors workflow/scripts/amela/units/encoding.py."""

import numpy as np
import pytest
import soundfile as sf

from amela.audio.load import load_utterance
from amela.encoders import load_encoder
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance
from amela.units.encoding import encode_shard
from amela.units.features import encoder_fingerprint
from amela.units.sampling import sampling_order
from amela.units.stream import Stream

SPEC = {"backend": "mfcc", "hop": 0.02, "normalize": "speaker"}


@pytest.fixture
def utterances(tmp_path):
    """Twenty utterances of 0.5 s by two speakers."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(20):
        path = tmp_path / f"{i}.wav"
        sf.write(path, rng.uniform(-0.5, 0.5, 8_000), 16_000)
        rows.append(Utterance(f"u{i}", str(path), 0.5, recording=f"r{i}", speaker="ab"[i % 2]))
    return rows


def encode(utterances, hours, **settings):
    spec = {**SPEC, **settings}
    ledger = Ledger("encode")
    encoder = load_encoder(spec)
    stream = Stream(encoder, load_utterance, lambda _, features: features)
    made_by = encoder_fingerprint(spec, encoder.hop, encoder.dimension)
    sample, sums = encode_shard(utterances, stream, made_by, hours, ledger)
    return sample, sums, ledger


def test_a_smaller_sample_is_a_prefix_and_sums_do_not_depend_on_it(utterances):
    large, sums, _ = encode(utterances, 1.0)
    small, same, _ = encode(utterances, 2.2 / 3600)
    assert large.ids == [u.id for u in sampling_order(utterances)]
    assert small.ids == large.ids[:5]  # 4 utterances are 2 s; the fifth crosses the line
    assert small.ranks == large.ranks[:5] == sorted(small.ranks)
    for group in ("speaker a", "speaker b"):
        assert sums.groups[group][0] == 10 * 25
        np.testing.assert_array_equal(sums.groups[group][1], same.groups[group][1])


def test_sums_are_those_of_the_features(utterances):
    sample, sums, _ = encode(utterances, 1.0)
    frames = np.concatenate([f for f, g in zip(sample.features, sample.groups) if g == "speaker a"])
    count, total, squares = sums.groups["speaker a"]
    assert count == len(frames)
    np.testing.assert_allclose(total, frames.sum(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(squares, (frames.astype(np.float64) ** 2).sum(axis=0), rtol=1e-12)


def test_the_order_of_the_manifest_does_not_matter(utterances):
    one, _, _ = encode(utterances, 3 / 3600)
    other, _, _ = encode(utterances[::-1], 3 / 3600)
    assert one.ids == other.ids


def test_normalize_recording_and_none(utterances):
    sample, sums, _ = encode(utterances, 1e-9, normalize="recording")
    assert len(sums.groups) == 20 and sample.groups == [f"recording r{sample.ids[0][1:]}"]
    sample, sums, _ = encode(utterances, 1e-9, normalize="none")
    assert sums.groups == {} and sample.groups == [""]


def test_no_hours_no_sample(utterances):
    sample, sums, _ = encode(utterances, 0.0)
    assert sample.ids == [] and len(sums.groups) == 2


def test_what_cannot_be_encoded_has_a_row_and_leaves_no_trace(utterances):
    broken = [utterances[3], utterances[12]]
    for utterance in broken:
        sf.write(utterance.audio_filepath, np.zeros(10), 16_000)
    sample, sums, ledger = encode(utterances, 1.0)
    assert [row["id"] for row in ledger.rows] == ["u3", "u12"]  # order of the manifest
    assert all(row["stage"] == "encode" and row["reason"] for row in ledger.rows)
    assert len(sample.ids) == 18 and not {"u3", "u12"} & set(sample.ids)
    assert sum(count for count, _, _ in sums.groups.values()) == 18 * 25


def test_nothing_in_nothing_out():
    sample, sums, ledger = encode([], 1.0)
    assert sample.ids == [] and sums.groups == {} and ledger.rows == []
