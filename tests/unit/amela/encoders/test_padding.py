"""A padded batch gives what its utterances give one by one."""

import numpy as np
import pytest
import soundfile as sf
import torch
from oracles.speech_models import BLOCKS, FAMILIES, small_model, units

from amela.encoders import transformer
from amela.encoders.front_end import FrontEnd
from amela.encoders.padding import own_frames, zero_padding
from amela.encoders.positions import RelativeBias, WideConvolution
from amela.encoders.transformer import TransformerEncoder

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setattr(transformer, "best_device", lambda: CPU)


@pytest.fixture(scope="module")
def clips(speech):
    """Speech of very different lengths, from one frame (of 50 Hz and of 25 Hz) to seconds."""
    path = sorted((speech / "librivox").glob("*.wav"))[0]
    samples_N = sf.read(path, dtype="float32")[0]
    lengths = [16_000, 1_040, 48_017, 16_319, 5_000, 48_017]
    return [samples_N[5_000 + 777 * number :][:length] for number, length in enumerate(lengths)]


@pytest.mark.parametrize("normalize", [None, 1e-5])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_padded_batch_is_one_by_one(family, normalize, clips):
    encoder = TransformerEncoder(small_model(family), BLOCKS, "stream", normalize)
    alone = [encoder.encode([clip])[0] for clip in clips]
    together = encoder.encode(clips)
    assert [len(features_TD) for features_TD in together] == [encoder.frames(len(clip)) for clip in clips]
    codebook_KD = torch.cat(alone)[::2]
    for features_TD, wanted_TD in zip(together, alone):
        torch.testing.assert_close(features_TD, wanted_TD, atol=3e-5, rtol=0)
        assert torch.equal(units(features_TD, codebook_KD), units(wanted_TD, codebook_KD))


def test_half_precision_keeps_padding_out_too(clips):
    encoder = TransformerEncoder(small_model("wavlm"), BLOCKS, "stream", None, precision="bf16")
    for features_TD, clip in zip(encoder.encode(clips), clips):
        assert (features_TD - encoder.encode([clip])[0]).abs().max() < 0.15  # a sum in another order rounds otherwise


def test_equal_lengths_need_no_mask():
    assert own_frames([5, 5], CPU) is None
    assert own_frames([2, 3, 1], CPU).tolist() == [[True, True, False], [True, True, True], [True, False, False]]


def test_padding_is_zero():
    x_BTD = torch.ones(2, 3, 4)
    assert zero_padding(x_BTD, own_frames([2, 3], CPU)).sum((1, 2)).tolist() == [8, 12]
    assert zero_padding(x_BTD, None) is x_BTD


@pytest.mark.parametrize("family", ["hubert", "hubert large"])
def test_the_front_end_is_the_models_own_convolutions_whatever_lies_behind(family, clips):
    model = small_model(family)
    behind_BN = torch.full((len(clips), max(map(len, clips))), 0.7)
    for row_N, clip in zip(behind_BN, clips):
        row_N[: len(clip)] = torch.from_numpy(clip)
    with torch.no_grad():
        wanted = [model.feature_extractor(torch.from_numpy(clip)[None])[0].T for clip in clips]
        front_end = FrontEnd(model.feature_extractor.conv_layers)
        moments = [front_end.sums(torch.device("cpu")).add(torch.from_numpy(clip)).moments() for clip in clips]
        features_BTC = front_end(behind_BN, moments)
    for features_TC, wanted_TC in zip(features_BTC, wanted):
        torch.testing.assert_close(features_TC[: len(wanted_TC)], wanted_TC, atol=2e-5, rtol=0)


@pytest.mark.parametrize("kernel", [1, 19, 16, 128])
@pytest.mark.parametrize("n_frames", [1, 30, 300])
def test_wide_convolutions(kernel, n_frames):
    torch.manual_seed(0)
    conv = torch.nn.Conv1d(12, 12, kernel, padding=kernel // 2, groups=3)
    x_BDT = torch.randn(2, 12, n_frames)
    with torch.no_grad():
        wanted_BDT = conv(x_BDT)[..., :n_frames]
        torch.testing.assert_close(WideConvolution(conv)(x_BDT), wanted_BDT, atol=2e-6, rtol=0)


def test_relative_bias_is_wavlms():
    attention = small_model("wavlm").encoder.layers[0].attention
    with torch.no_grad():
        for n_frames in (1, 2, 200):
            assert torch.equal(RelativeBias(attention)(n_frames), attention.compute_bias(n_frames, n_frames))


def test_relative_bias_goes_where_the_model_goes():
    attention = small_model("wavlm").encoder.layers[0].attention
    assert RelativeBias(attention).to("meta")(5).device.type == "meta"


def test_a_louder_neighbour_changes_nothing(clips):
    encoder = TransformerEncoder(small_model("hubert"), BLOCKS, "stream", None)
    beside_silence = encoder.encode([clips[0], np.zeros(30_000, np.float32)])[0]
    beside_noise = encoder.encode([clips[0], np.ones(30_000, np.float32)])[0]
    torch.testing.assert_close(beside_silence, beside_noise, atol=3e-5, rtol=0)
