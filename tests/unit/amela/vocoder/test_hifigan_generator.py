"""Mirrors workflow/scripts/amela/vocoder/hifigan_generator.py; what it says is tested in test_codehifigan.py."""

import json

import numpy as np
import pytest
import torch
from tiny_vocoders import PLAIN, SLOW, UNEVEN, K

from amela.vocoder.hifigan_checkpoint import read_config
from amela.vocoder.hifigan_generator import Generator, silence, tails

WIDE = {**PLAIN, "upsample_kernel_sizes": [15, 12, 8, 6, 4], "resblock_kernel_sizes": [3, 5, 3]}


@pytest.fixture
def make(tmp_path):
    """Builds a generator in float64 that is silent but for one unit, of which nothing cancels out."""

    def build(config):
        (tmp_path / "config.json").write_text(json.dumps(config))
        generator = Generator(read_config(tmp_path / "config.json")).double().eval().requires_grad_(False)
        for name, values in generator.named_parameters():
            values.fill_(0 if name.endswith("bias") or name == "dict.weight" else 1 / values[0].numel())
        generator.dict.weight[K - 1] = 1
        return generator

    return build


@pytest.mark.parametrize("config", [PLAIN, SLOW, UNEVEN, WIDE])
def test_context_is_what_a_unit_can_change_and_no_more(make, config):
    generator, middle, n_units = make(config), 25, 51
    units_1T = torch.zeros((1, n_units), dtype=torch.int64)
    units_1T[0, middle] = K - 1
    changed = np.flatnonzero(generator(units_1T, [n_units])[0].numpy()) // generator.config.hop_samples
    reached = max(middle - changed.min(), changed.max() - middle)
    assert reached == generator.context() < middle


def test_zeros_stand_behind_the_ends_and_nowhere_else():
    x_BCL = torch.ones((3, 2, 6))
    silence(x_BCL, tails([4, 6, 3], 6, torch.device("cpu")))
    assert [[row.tolist() for row in one] for one in x_BCL] == [
        [[1, 1, 1, 1, 0, 0]] * 2, [[1] * 6] * 2, [[1, 1, 1, 0, 0, 0]] * 2
    ]  # fmt: skip
    assert tails([6, 6], 6, torch.device("cpu")) is None
    assert silence(x_BCL, None) is x_BCL
