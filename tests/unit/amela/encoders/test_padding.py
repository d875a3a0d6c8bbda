"""A padded batch gives what its utterances give one by one."""

import numpy as np
import pytest
import soundfile as sf
import torch
from oracles.speech_models import BLOCKS, FAMILIES, small_model, units

from amela.encoders import transformer
from amela.encoders.padding import own_frames, zero_padding
from amela.encoders.transformer import TransformerEncoder

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setattr(transformer, "exact_device", lambda: CPU)


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


def test_a_louder_neighbour_changes_nothing(clips):
    encoder = TransformerEncoder(small_model("hubert"), BLOCKS, "stream", None)
    beside_silence = encoder.encode([clips[0], np.zeros(30_000, np.float32)])[0]
    beside_noise = encoder.encode([clips[0], np.ones(30_000, np.float32)])[0]
    torch.testing.assert_close(beside_silence, beside_noise, atol=3e-5, rtol=0)
