"""Mirrors workflow/scripts/amela/encoders/blocks.py; models as a whole: test_transformer.py, test_padding.py."""

import copy

import pytest
import torch
from oracles.speech_models import small_model
from torch import nn

from amela.encoders.blocks import Block, joined


def block_of(family, dtype=torch.float32):
    """A block of a model, ours made of a copy of it, and how the model arranges its norms."""
    model = small_model(family)
    source = model.encoder.layers[0]
    return source, Block(copy.deepcopy(source), getattr(model.config, "do_stable_layer_norm", False), dtype)


@pytest.mark.parametrize("family", ["hubert", "hubert large", "data2vec"])
def test_a_block_is_the_models_own(family):
    source, block = block_of(family)
    x_BTD = torch.randn(2, 20, source.layer_norm.normalized_shape[0], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = source(x_BTD)
        torch.testing.assert_close(block(x_BTD), wanted[0] if isinstance(wanted, tuple) else wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["hubert", "hubert large"])
def test_frames_that_may_not_be_attended_to_change_nothing(family):
    source, block = block_of(family)
    x_BTD = torch.randn(1, 20, source.layer_norm.normalized_shape[0], generator=torch.Generator().manual_seed(0))
    own_BT = torch.arange(20)[None] < 13
    with torch.no_grad():
        seen_TD = block(x_BTD, own_BT)[0, :13]
        x_BTD[:, 13:] = 99.0
        torch.testing.assert_close(block(x_BTD, own_BT)[0, :13], seen_TD)
        torch.testing.assert_close(block(x_BTD[:, :13])[0], seen_TD, atol=1e-5, rtol=0)


def test_the_residual_stream_stays_in_float32():
    source, block = block_of("hubert large", torch.bfloat16)
    x_BTD = torch.randn(1, 20, source.layer_norm.normalized_shape[0], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert block(x_BTD).dtype == torch.float32


def test_joined_layers_put_out_what_each_does():
    layers = [nn.Linear(5, width) for width in (2, 3, 4)]
    x = torch.randn(7, 5)
    with torch.no_grad():
        torch.testing.assert_close(joined(layers)(x), torch.cat([layer(x) for layer in layers], dim=1))
