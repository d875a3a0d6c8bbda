"""Normalisation of waveforms against those that the models were trained with."""

import numpy as np
import torch
from oracles.speech_models import normalized as by_transformers

from amela.encoders.moments import MomentSums
from amela.encoders.waveform import normalized, padded


def moments(samples_N):
    return MomentSums(10, 5, torch.device("cpu")).add(samples_N).moments()


def test_transformers_normalisation(noise):
    short_N = noise[:400] * 1e-3  # so quiet that epsilon matters
    own = torch.from_numpy(short_N)
    torch.testing.assert_close(normalized(own, moments(own), 1e-7), by_transformers(short_N)[0])


def test_fairseqs_normalisation_is_a_layer_norm(noise):
    short_N = torch.from_numpy(noise[:400] * 1e-2 + 0.5)
    wanted_N = torch.nn.functional.layer_norm(short_N, short_N.shape, eps=1e-5)
    torch.testing.assert_close(normalized(short_N, moments(short_N), 1e-5), wanted_N, atol=2e-5, rtol=0)


def test_padding_is_zero_and_outside_the_normalisation(noise):
    clips = [torch.from_numpy(noise[:50]), torch.from_numpy(noise)]
    each = [moments(clip_N) for clip_N in clips]
    batch_BN = padded(clips, each, 1e-7)
    assert batch_BN.shape == (2, len(noise)) and not batch_BN[0, 50:].any()
    torch.testing.assert_close(batch_BN[0, :50], normalized(clips[0], each[0], 1e-7))


def test_without_normalisation_samples_stay(noise):
    samples_N = torch.from_numpy(noise)
    assert np.array_equal(padded([samples_N], [moments(samples_N)], None)[0].numpy(), noise)
