"""Mirrors workflow/scripts/amela/units/imported.py."""

import logging

import numpy as np
import pytest

from amela.checkpoints.receipt import Facts, make_receipt
from amela.encoders import load_encoder
from amela.errors import AmelaError, DataError
from amela.units.codebook import make_codebook, read_codebook, write_codebook
from amela.units.features import encoder_fingerprint
from amela.units.imported import check_belongs, import_codebook

SPEC = {"backend": "mfcc", "hop": 0.01, "normalize": "none"}
CENTROIDS_KD = np.random.default_rng(0).normal(size=(7, 39)).astype(np.float32)


@pytest.fixture
def encoder():
    return load_encoder(SPEC)


@pytest.fixture
def quantizer(tmp_path):
    """Function (**facts) → receipt of a file of centroids."""
    np.save(tmp_path / "c.npy", CENTROIDS_KD)
    return lambda **facts: make_receipt("km", [tmp_path / "c.npy"], Facts(**facts))


@pytest.fixture
def weights(tmp_path):
    """Function (name) → receipt of an encoder's weights."""
    (tmp_path / "model.pt").write_bytes(b"weights")
    return lambda name: make_receipt(name, [tmp_path / "model.pt"])


def test_the_codebook_is_of_this_encoder(tmp_path, encoder, quantizer):
    codebook = import_codebook(quantizer(), 7, SPEC, encoder)
    write_codebook(tmp_path / "codebook.parquet", codebook)
    found = read_codebook(tmp_path / "codebook.parquet")
    np.testing.assert_array_equal(found.centroids_KD, CENTROIDS_KD)
    made_by = encoder_fingerprint(SPEC, 0.01, 39)
    assert {key: found.fingerprint[key] for key in made_by} == made_by
    assert found.frames_K.tolist() == [0] * 7


def test_another_number_of_units(encoder, quantizer):
    with pytest.raises(AmelaError, match="has 7 units, k is 100 .* set k: 7"):
        import_codebook(quantizer(), 100, SPEC, encoder)


def test_another_dimension(tmp_path, encoder):
    np.save(tmp_path / "wide.npy", np.zeros((7, 768)))
    with pytest.raises(AmelaError, match="768 dimensions, the encoder gives 39"):
        import_codebook(make_receipt("km", [tmp_path / "wide.npy"]), 7, SPEC, encoder)


def test_no_codebook(tmp_path, encoder):
    (tmp_path / "km.bin").write_bytes(b"no pickle")
    with pytest.raises(DataError):
        import_codebook(make_receipt("km", [tmp_path / "km.bin"]), 7, SPEC, encoder)


def test_our_own_file(tmp_path, encoder, quantizer):
    path = tmp_path / "ours.parquet"
    ours = make_codebook(CENTROIDS_KD, np.arange(7), encoder_fingerprint(SPEC, 0.01, 39))
    write_codebook(path, ours)
    found = import_codebook(make_receipt("ours", [path]), 7, SPEC, encoder)
    assert found.fingerprint == ours.fingerprint
    assert found.frames_K.tolist() == list(range(7))
    other = {**SPEC, "hop": 0.02}
    with pytest.raises(DataError, match="made by something else"):
        import_codebook(make_receipt("ours", [path]), 7, other, load_encoder(other))


def test_normalised_features(encoder, quantizer):
    with pytest.raises(AmelaError, match="set normalize: none"):
        import_codebook(quantizer(), 7, {**SPEC, "normalize": "speaker"}, encoder)


@pytest.mark.parametrize(
    ("facts", "name", "told"),
    [
        (
            {"of": ("hubert", "hubert-hf")},
            "mhubert",
            "features of hubert or hubert-hf, the encoder is mhubert",
        ),
        ({"of": ("hubert",)}, None, "fitted on features of hubert, the encoder is mfcc"),
        ({"layer": 6}, "hubert", "fitted on layer 6, the encoder gives layer 9"),
        ({"hop": 0.02}, "hubert", "fitted on hop 0.02, the encoder gives hop 0.01"),
    ],
)
def test_of_another_encoder(encoder, quantizer, weights, facts, name, told):
    with pytest.raises(AmelaError, match=told):
        check_belongs(quantizer(**facts), {**SPEC, "layer": 9}, encoder, weights(name) if name else None)


@pytest.mark.parametrize(
    ("facts", "name", "warned"),
    [
        ({"of": ("hubert", "hubert-hf"), "layer": 9, "hop": 0.01}, "hubert-hf", None),
        ({"of": ("hubert",)}, "/weights/ours.pt", "let /weights/ours.pt be that"),
        ({}, "hubert", "km was fitted on features of an unknown encoder"),
    ],
)
def test_of_this_encoder(encoder, quantizer, weights, caplog, facts, name, warned):
    with caplog.at_level(logging.WARNING):
        check_belongs(quantizer(**facts), {**SPEC, "layer": 9}, encoder, weights(name))
    assert (warned in caplog.text) if warned else not caplog.text
