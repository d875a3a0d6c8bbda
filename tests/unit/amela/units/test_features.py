"""Mirrors workflow/scripts/amela/units/features.py."""

import numpy as np
import pytest

from amela.errors import AmelaError
from amela.units import features
from amela.units.features import FeatureSample, encoder_fingerprint, read_features, write_features

SPEC = {"backend": "mfcc", "hop": 0.01, "normalize": "speaker"}


def sample(*lengths):
    rng = np.random.default_rng(0)
    filled = FeatureSample(encoder_fingerprint(SPEC, 0.01, 3))
    for i, length in enumerate(lengths):
        filled.add(f"u{i}", f"speaker {i % 2}", 2**64 - 1 - i, rng.standard_normal((length, 3)).astype(np.float32))
    return filled


@pytest.mark.parametrize("lengths", [(), (1,), (5, 1, 200)])
def test_round_trip(tmp_path, lengths):
    written = sample(*lengths)
    write_features(tmp_path / "f.parquet", written)
    found = read_features(tmp_path / "f.parquet")
    for name in ("fingerprint", "ids", "groups", "ranks", "seconds"):
        assert getattr(found, name) == getattr(written, name)
    assert [f.shape for f in found.features] == [(length, 3) for length in lengths]
    for one, other in zip(found.features, written.features):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32


def test_seconds_are_those_of_the_frames():
    assert sample(5, 200).seconds == pytest.approx([0.05, 2.0])


def test_fingerprint_knows_every_setting_but_not_their_order():
    plain = encoder_fingerprint(SPEC, 0.01, 3)
    assert plain["normalize"] == "speaker" and plain["hop"] == 0.01 and plain["dimension"] == 3
    assert encoder_fingerprint(dict(reversed(SPEC.items())), 0.01, 3) == plain
    for key, value in (("backend", "logmel"), ("hop", 0.02), ("normalize", "none")):
        assert encoder_fingerprint({**SPEC, key: value}, 0.01, 3)["encoder"] != plain["encoder"]


def test_too_much_for_one_file_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "MAX_VALUES", 17)
    with pytest.raises(AmelaError, match="more shards"):
        write_features(tmp_path / "f.parquet", sample(6))
    write_features(tmp_path / "f.parquet", sample(5))
