"""Features of a block against transformers' own forward pass, and what the encoder refuses."""

import numpy as np
import pytest
import soundfile as sf
import torch
from oracles.speech_models import (
    BLOCKS,
    FAMILIES,
    PRE_NORM_FAMILIES,
    configuration,
    forward,
    output_of,
    small_model,
    some_frames,
    units,
)

from amela.encoders import transformer
from amela.encoders.transformer import TransformerEncoder
from amela.errors import AmelaError, DeviceFull, Rejected

EPSILON = 1e-7
CLOSE = 1e-4  # of features whose standard deviation is about 1


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setattr(transformer, "exact_device", lambda: torch.device("cpu"))


@pytest.fixture(scope="module")
def clips(speech):
    """Two recordings of several seconds."""
    files = sorted((speech / "librivox").glob("*.wav"))[:2]
    return [sf.read(path, dtype="float32")[0][:60_000] for path in files]


def encoder(family, layer=BLOCKS, residual="stream", **options):
    return TransformerEncoder(small_model(family), layer, residual, EPSILON, **options)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_is_that_of_transformers(family, clips):
    reference = [forward(small_model(family), clip).hidden_states for clip in clips]
    for layer in range(1, BLOCKS + 1):
        wanted_TD = torch.cat([states[layer][0] for states in reference])
        one = encoder(family, layer)
        features_TD = torch.cat([one.encode([clip])[0] for clip in clips])
        assert wanted_TD.std() > 0.3
        torch.testing.assert_close(features_TD, wanted_TD, atol=CLOSE, rtol=0)
        codebook_KD = some_frames(wanted_TD)
        assert torch.equal(units(features_TD, codebook_KD), units(wanted_TD, codebook_KD))


@pytest.mark.parametrize("family", PRE_NORM_FAMILIES)
def test_with_the_final_norm_the_last_layer_is_the_last_hidden_state(family, clips):
    wanted_TD = forward(small_model(family), clips[0]).last_hidden_state[0]
    features_TD = encoder(family, residual="final_norm").encode(clips[:1])[0]
    torch.testing.assert_close(features_TD, wanted_TD, atol=CLOSE, rtol=0)
    assert (encoder(family).encode(clips[:1])[0] - wanted_TD).abs().max() > 0.1


def test_a_waveform_is_taken_as_it_is_without_normalisation(clips):
    wanted_TD = output_of(small_model("wav2vec2 large"), 2, clips[0], normalize=False)
    features_TD = TransformerEncoder(small_model("wav2vec2 large"), 2, "stream", None).encode(clips[:1])[0]
    torch.testing.assert_close(features_TD, wanted_TD, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("family", ["hubert", "hubert 25 Hz"])
def test_frames_are_those_that_the_convolutions_make(family):
    one, model = encoder(family, 1), small_model(family)
    for n_samples in [one.receptive_field * 16_000, 16_000, 16_319, 16_320, 1_000_003]:
        assert one.frames(int(n_samples)) == model._get_feat_extract_output_lengths(int(n_samples))
    assert one.frames(int(one.receptive_field * 16_000) - 1) == 0 == one.frames(0)
    assert one.frames(round((10 * one.hop + one.receptive_field) * 16_000)) == 11


def test_geometry():
    one = encoder("hubert", 1)
    assert (one.hop, one.receptive_field, one.dimension) == (0.02, 0.025, 48)
    assert encoder("hubert 25 Hz", 1).hop == 0.04


def test_silence_and_one_frame_have_features():
    for samples_N in (np.zeros(16_000, np.float32), np.full(400, 0.25, np.float32)):
        features_TD = encoder("hubert").encode([samples_N])[0]
        torch.testing.assert_close(features_TD, output_of(small_model("hubert"), 3, samples_N), atol=CLOSE, rtol=0)


def test_size_of_stretches_of_the_front_end_is_irrelevant(clips, monkeypatch):
    whole = encoder("hubert", 1).encode(clips)
    monkeypatch.setitem(transformer.FrontEnd.forward.__globals__["STRETCH"], "cpu", 7 * 32 * 64 * len(clips))
    for features_TD, wanted_TD in zip(encoder("hubert", 1).encode(clips), whole):
        torch.testing.assert_close(features_TD, wanted_TD, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["hubert", "wavlm large"])
def test_half_precision_changes_few_units(family, clips):
    one, half = encoder(family), encoder(family, precision="bf16")
    exact_TD, rough_TD = torch.cat(one.encode(clips)), torch.cat(half.encode(clips))
    assert exact_TD.dtype == rough_TD.dtype == torch.float32
    assert 1e-3 < (exact_TD - rough_TD).abs().mean() < 3e-2
    codebook_KD = some_frames(exact_TD)
    assert (units(exact_TD, codebook_KD) == units(rough_TD, codebook_KD)).float().mean() > 0.9


def test_half_precision_is_of_the_blocks_products_alone():
    network = encoder("wavlm", precision="bf16")._network
    half = {name for name, values in network.named_parameters() if values.dtype == torch.bfloat16}
    products = {
        f"{part}.{kind}"
        for part in ("attention.qkv", "attention.out", "widen", "narrow")
        for kind in ("weight", "bias")
    }
    assert half == {f"blocks.{number}.{name}" for number in range(BLOCKS) for name in products}


def test_blocks_above_the_layer_are_not_touched(noise):
    with torch.device("meta"):
        model = FAMILIES["hubert"][0](configuration("hubert"))
    weights = small_model("hubert").state_dict()
    below = {name: values for name, values in weights.items() if "layers.2" not in name or "conv_layers" in name}
    model.load_state_dict(below, strict=False, assign=True)
    features_TD = TransformerEncoder(model, 2, "stream", EPSILON).encode([noise])[0]
    assert torch.equal(features_TD, encoder("hubert", 2).encode([noise])[0])


def test_compiled_blocks_give_the_same(clips):
    """As the compiler takes them apart; the code that it makes for the processor takes a minute."""
    torch.compiler.set_default_backend("eager")
    try:
        plain, compiled = encoder("wavlm", 2), encoder("wavlm", 2, compile=True)
        for batch in ([clips[0][:20_000]], [clips[1][:9_000], clips[0][:20_000]]):
            for features_TD, wanted_TD in zip(compiled.encode(batch), plain.encode(batch)):
                torch.testing.assert_close(features_TD, wanted_TD, atol=1e-5, rtol=0)
    finally:
        torch.compiler.set_default_backend(None)


@pytest.mark.parametrize("layer", [0, BLOCKS + 1])
def test_a_layer_that_the_model_lacks_is_refused(layer):
    with pytest.raises(AmelaError, match=f"layer {layer} of a model with {BLOCKS} transformer blocks"):
        encoder("hubert", layer)


def test_a_final_norm_that_the_model_lacks_is_refused():
    with pytest.raises(AmelaError, match="residual: stream"):
        encoder("hubert", residual="final_norm")


def test_fp16_on_a_cpu_is_refused():
    with pytest.raises(AmelaError, match="fp16 on a CPU"):
        encoder("hubert", precision="fp16")


@pytest.mark.parametrize(
    ("samples", "why"),
    [([], "no samples"), ([0.1] * 399, "399 samples: one frame takes 400"), ([0.1] * 500 + [np.nan], "not finite")],
)
def test_what_cannot_be_encoded_is_rejected(samples, why):
    with pytest.raises(Rejected, match=why):
        encoder("hubert", 1).check(np.array(samples, np.float32))


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED")],
    ids=["of-torch", "of-a-library"],
)
def test_a_full_device_is_said(noise, monkeypatch, error):
    one = encoder("hubert", 1)

    def full(*_):
        raise error

    monkeypatch.setattr(one._network, "forward", full)
    with pytest.raises(DeviceFull, match="a batch of 2"):
        one.encode([noise, noise])


def test_other_errors_of_a_device_are_not_taken_for_a_full_one(noise, monkeypatch):
    one = encoder("hubert", 1)
    monkeypatch.setattr(one._network, "forward", lambda *_: torch.zeros(1, 2) @ torch.zeros(1, 2))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        one.encode([noise])


def test_features_that_are_not_finite_are_refused(noise, monkeypatch):
    one = encoder("hubert", 1)
    monkeypatch.setattr(one._network, "forward", lambda *_: torch.full((1, 50, 4), float("inf")))
    with pytest.raises(AmelaError, match="not finite.*bf16 or fp32"):
        one.encode([noise])


def test_arrays_are_tensors_where_the_model_is():
    values = encoder("hubert", 1).array(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]] and values.device.type == "cpu"
