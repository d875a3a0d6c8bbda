"""Mirrors workflow/scripts/amela/units/quantizer.py."""

import numpy as np
import pytest

from amela.encoders import load_encoder
from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance
from amela.units.codebook import make_codebook, write_codebook
from amela.units.features import encoder_fingerprint
from amela.units.normalize import FeatureSums, write_normalizer
from amela.units.quantizer import load_quantizer

SPEC = {"backend": "logmel", "hop": 0.02, "normalize": "speaker"}
UTTERANCE = Utterance("u", "/u.wav", 1.0, speaker="anna")


@pytest.fixture
def samples():
    return np.random.default_rng(0).uniform(-0.5, 0.5, 5_000).astype(np.float32)


def frames_of(samples, spec=SPEC):
    return load_encoder(spec).encode([samples])[0]


def quantizer_of(spec, codebook, normalizer):
    return load_quantizer(spec, load_encoder(spec), codebook, normalizer)


def files(folder, samples, spec=SPEC):
    """Codebook whose units are the (normalised) frames of ``samples``, and the normalizer."""
    encoder = load_encoder(spec)
    made_by = encoder_fingerprint(spec, 0.02, 80)
    features = encoder.encode([samples])[0]
    normalizer = None
    if spec["normalize"] != "none":
        sums = FeatureSums(made_by)
        sums.add("speaker anna", features)
        normalizer = folder / "normalizer.parquet"
        features = write_normalizer(normalizer, sums).apply("speaker anna", features)
    codebook = make_codebook(features, np.ones(len(features), int), made_by)
    write_codebook(folder / "codebook.parquet", codebook)
    return folder / "codebook.parquet", normalizer


@pytest.mark.parametrize("normalize", ["speaker", "none"])
def test_every_frame_finds_itself(tmp_path, samples, normalize):
    spec = {**SPEC, "normalize": normalize}
    quantizer = quantizer_of(spec, *files(tmp_path, samples, spec))
    units = quantizer.units(UTTERANCE, frames_of(samples))
    assert units.dtype == np.uint16 and units.tolist() == list(range(16))


def test_normalisation_takes_the_speakers_level_away(tmp_path, samples):
    """A louder voice has other features but, normalised by its own statistics, the same units."""
    codebook, normalizer = files(tmp_path, samples)
    sums = FeatureSums(encoder_fingerprint(SPEC, 0.02, 80))
    sums.add("speaker anna", frames_of(samples / 20))
    write_normalizer(normalizer, sums)
    units = quantizer_of(SPEC, codebook, normalizer).units(UTTERANCE, frames_of(samples / 20))
    assert units.tolist() == list(range(16))


def test_a_speaker_without_statistics_is_an_error(tmp_path, samples):
    quantizer = quantizer_of(SPEC, *files(tmp_path, samples))
    with pytest.raises(DataError, match="no statistics for 'speaker unknown'"):
        quantizer.units(Utterance("v", "/v.wav", 1.0, speaker="unknown"), frames_of(samples))


def test_on_a_device_units_are_the_same(tmp_path, samples):
    """An encoder whose features are tensors: normaliser and codebook go where they are."""
    torch = pytest.importorskip("torch")

    class TensorEncoder:
        hop, dimension = 0.02, 80
        array = staticmethod(torch.from_numpy)

    codebook, normalizer = files(tmp_path, samples)
    quantizer = load_quantizer(SPEC, TensorEncoder(), codebook, normalizer)
    assert quantizer.units(UTTERANCE, torch.from_numpy(frames_of(samples))).tolist() == list(range(16))


@pytest.mark.parametrize("change", [{"hop": 0.01}, {"normalize": "recording"}])
def test_refuses_a_codebook_of_other_settings(tmp_path, samples, change):
    codebook, normalizer = files(tmp_path, samples)
    with pytest.raises(DataError, match="made by something else"):
        quantizer_of({**SPEC, **change}, codebook, normalizer)


def test_refuses_a_normalizer_of_other_settings(tmp_path, samples):
    codebook, normalizer = files(tmp_path, samples)
    write_normalizer(normalizer, FeatureSums(encoder_fingerprint({**SPEC, "backend": "mfcc"}, 0.02, 80)))
    with pytest.raises(DataError, match="made by something else"):
        quantizer_of(SPEC, codebook, normalizer)


def test_a_normalizer_exactly_where_the_encoder_wants_one(tmp_path, samples):
    codebook, normalizer = files(tmp_path, samples)
    with pytest.raises(AmelaError, match="normalize is 'speaker'"):
        quantizer_of(SPEC, codebook, None)
    spec = {**SPEC, "normalize": "none"}
    codebook, _ = files(tmp_path, samples, spec)
    with pytest.raises(AmelaError, match="normalize is 'none'"):
        quantizer_of(spec, codebook, normalizer)
