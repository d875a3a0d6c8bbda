"""Normalisation of waveforms against those that the models were trained with."""

import numpy as np
import torch
from oracles.speech_models import normalized as by_transformers

from amela.encoders.waveform import normalized, padded

CPU = torch.device("cpu")


def test_transformers_normalisation(noise):
    short_N = noise[:400] * 1e-3  # so quiet that epsilon matters
    torch.testing.assert_close(normalized(torch.from_numpy(short_N), 1e-7), by_transformers(short_N)[0])


def test_fairseqs_normalisation_is_a_layer_norm(noise):
    short_N = torch.from_numpy(noise[:400] * 1e-2 + 0.5)
    wanted_N = torch.nn.functional.layer_norm(short_N, short_N.shape, eps=1e-5)
    torch.testing.assert_close(normalized(short_N, 1e-5), wanted_N, atol=2e-5, rtol=0)


def test_padding_is_zero_and_outside_the_normalisation(noise):
    batch_BN = padded([noise[:5], noise], 1e-7, CPU)
    assert batch_BN.shape == (2, len(noise)) and not batch_BN[0, 5:].any()
    torch.testing.assert_close(batch_BN[0, :5], normalized(torch.from_numpy(noise[:5]), 1e-7))


def test_without_normalisation_samples_stay(noise):
    assert np.array_equal(padded([noise], None, CPU)[0].numpy(), noise)
