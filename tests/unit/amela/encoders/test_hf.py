"""Checkpoints as transformers itself saves them: read without loss, or refused by name."""

import json
import os
import socket

import pytest
import torch
from oracles.speech_models import BLOCKS, FAMILIES, configuration, output_of, shaken, small_model
from safetensors.torch import load_file, save_file
from transformers import HubertForCTC, Wav2Vec2FeatureExtractor, Wav2Vec2ForPreTraining, WavLMForSequenceClassification

from amela.checkpoints.receipt import make_receipt
from amela.encoders.hf import HuggingFaceEncoder
from amela.errors import AmelaError, DataError

CLOSE = 1e-4
WHOLE = {"hubert": HubertForCTC, "wav2vec2 large": Wav2Vec2ForPreTraining, "wavlm": WavLMForSequenceClassification}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def saved(tmp_path):
    """Folder of a HuBERT and its feature extractor."""
    return save(small_model("hubert"), tmp_path)


def save(model, folder, normalize=True):
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=normalize).save_pretrained(folder)
    return folder


def receipt(folder):
    return make_receipt("small", sorted(folder.iterdir()))


def encoder(folder, **options):
    return HuggingFaceEncoder(**{"checkpoint": receipt(folder), "layer": BLOCKS, "residual": "stream", **options})


def edit(folder, **settings):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def rewrite(folder, change):
    """Apply ``change`` to the tensors of a checkpoint."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(dict(tensors), path)


def as_pickle(folder, change=lambda tensors: tensors):
    """The checkpoint as it was saved before safetensors."""
    path = folder / "model.safetensors"
    torch.save(change(load_file(path)), folder / "pytorch_model.bin")
    path.unlink()


def assert_equal_to(model, folder, samples_N, normalize=True):
    wanted_TD = output_of(model, BLOCKS, samples_N, normalize)
    torch.testing.assert_close(encoder(folder).encode([samples_N])[0].cpu(), wanted_TD, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_gives_what_it_gave(family, tmp_path, noise):
    model = small_model(family)
    assert_equal_to(model, save(model, tmp_path), noise)


@pytest.mark.parametrize("family", WHOLE)
def test_heads_are_left_out(family, tmp_path, noise):
    model = shaken(WHOLE[family](configuration(family)))
    assert_equal_to(model.base_model, save(model, tmp_path), noise)


@pytest.mark.parametrize("normalize", [True, False])
def test_waveforms_are_normalised_as_the_feature_extractor_says(normalize, tmp_path, noise):
    model = small_model("hubert large")
    assert_equal_to(model, save(model, tmp_path, normalize), noise, normalize)


def test_the_feature_extractor_may_be_that_of_a_processor(saved, noise):
    settings = json.loads((saved / "preprocessor_config.json").read_text())
    (saved / "preprocessor_config.json").unlink()
    (saved / "processor_config.json").write_text(json.dumps({"feature_extractor": settings}))
    assert_equal_to(small_model("hubert"), saved, noise)


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("encoder.layer_norm.bias", "hubert.encoder.layer_norm.bias"),
        (
            "encoder.pos_conv_embed.conv.parametrizations.weight.original0",
            "encoder.pos_conv_embed.conv.weight_g",
        ),
    ],
)
def test_weights_that_are_there_twice_are_refused(saved, name, again):
    """Else one of two different values would be taken."""
    rewrite(saved, lambda tensors: tensors.update({again: tensors[name] + 1}))
    with pytest.raises(DataError, match=rf"there twice: {name}, the second time as .* — small"):
        encoder(saved)


def test_weights_that_two_files_have_are_refused(saved):
    save_file({"encoder.layer_norm.bias": torch.zeros(48)}, saved / "more.safetensors")
    with pytest.raises(DataError, match=r"another file .* has too: encoder\.layer_norm\.bias — .*more\.safetensors"):
        encoder(saved)


def test_pickles_and_names_of_old_are_read(saved, noise):
    def old(tensors):
        now = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
        for new, name in now.items():
            tensors = {key.replace(new, name): value for key, value in tensors.items()}
        assert sum(key.endswith(("weight_g", "weight_v")) for key in tensors) == 2
        return {**tensors, "masked_spec_embed": torch.zeros(48)}

    as_pickle(saved, old)
    edit(saved, gradient_checkpointing=False, architectures=["HubertModel"], transformers_version="4.10.0.dev0")
    assert_equal_to(small_model("hubert"), saved, noise)


def test_weights_in_half_precision_are_computed_with_in_full(saved, noise):
    rewrite(saved, lambda tensors: tensors.update({key: value.half() for key, value in tensors.items()}))
    assert_equal_to(small_model("hubert").half().float(), saved, noise)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda tensors: tensors.pop("encoder.layers.1.final_layer_norm.bias"),
            "missing: encoder.layers.1.final_layer_norm.bias",
        ),
        (
            lambda tensors: tensors.update({"encoder.norm.weight": tensors.pop("encoder.layer_norm.weight")}),
            "missing: encoder.layer_norm.weight; unexpected: encoder.norm.weight",
        ),
        (
            lambda tensors: tensors.update({"feature_projection.projection.weight": torch.zeros(48, 31)}),
            r"of another shape: feature_projection.projection.weight \(48, 31\), not \(48, 32\)",
        ),
        (
            lambda tensors: tensors.update({"encoder.layers.3.layer_norm.bias": torch.zeros(48)}),
            "encoder.layers.3.layer_norm.bias",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_key(change, message, saved):
    rewrite(saved, change)
    with pytest.raises(DataError, match=message):
        encoder(saved, layer=1)


class Crafted:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_crafted_pickle_is_refused_and_does_nothing(saved, tmp_path):
    made = tmp_path / "made"
    as_pickle(saved, lambda tensors: {**tensors, "lm_head.weight": Crafted(made)})
    with pytest.raises(DataError, match="nothing was executed"):
        encoder(saved)
    assert not made.exists()


@pytest.mark.parametrize("content", [{"model": {"weight": torch.zeros(1)}}, [torch.zeros(1)]])
def test_a_pickle_of_something_else_is_refused(content, saved):
    as_pickle(saved, lambda _: content)
    with pytest.raises(DataError, match="not a checkpoint of transformers"):
        encoder(saved)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "preprocessor_config.json"])
def test_damaged_files_are_named(name, saved):
    (saved / name).write_bytes(b"{")
    with pytest.raises(DataError, match=name):
        encoder(saved)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.safetensors", "neither model.safetensors nor pytorch_model.bin"),
        ("config.json", "no config.json"),
        ("preprocessor_config.json", "no preprocessor_config.json"),
    ],
)
def test_missing_files_are_named(name, message, saved):
    (saved / name).unlink()
    with pytest.raises(DataError, match=message):
        encoder(saved)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"model_type": "wav2vec2-conformer"},
            "type 'wav2vec2-conformer'; known: data2vec-audio, hubert, wav2vec2, wavlm",
        ),
        ({"add_adapter": True}, "adapters \\(add_adapter\\)"),
        ({"adapter_attn_dim": 16}, "adapters \\(adapter_attn_dim\\)"),
        ({"hidden_size": "wide"}, "config.json"),
    ],
)
def test_other_models_are_refused(settings, message, saved):
    edit(saved, **settings)
    with pytest.raises(DataError, match=message):
        encoder(saved)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"sampling_rate": 8000}, "8000 Hz"), ({"do_normalize": None}, "do_normalize")],
)
def test_other_feature_extractors_are_refused(settings, message, saved):
    path = saved / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    with pytest.raises(DataError, match=message):
        encoder(saved)


def test_a_layer_that_the_model_lacks_is_refused(saved):
    with pytest.raises(AmelaError, match=f"choose 1-{BLOCKS}"):
        encoder(saved, layer=BLOCKS + 1)
