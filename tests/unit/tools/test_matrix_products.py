"""tools/bench/matrix_products.py: the operations counted are those that PyTorch counts."""

import pytest
import torch
from bench.matrix_products import by_part
from torch.utils.flop_counter import FlopCounterMode
from transformers import HubertConfig, HubertModel

LAYERS = 3
SETTINGS = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "conv_dim": [32] * 7,
    "num_conv_pos_embedding_groups": 4,
}


@pytest.mark.parametrize(("kernel", "too_many"), [(15, 0), (16, 1)])  # frames that transformers computes and drops
@pytest.mark.parametrize("n_samples", [400, 40_123])
def test_operations(n_samples, kernel, too_many):
    config = HubertConfig(num_conv_pos_embeddings=kernel, attn_implementation="eager", **SETTINGS)
    model = HubertModel(config).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, n_samples))
    dimension, groups = config.hidden_size, config.num_conv_pos_embedding_groups
    wide = 2 * dimension * (dimension // groups) * kernel
    assert sum(by_part(config, LAYERS, [n_samples]).values()) + too_many * wide == counter.get_total_flops()


def test_several_utterances_add_up():
    config = HubertConfig(**SETTINGS)
    alone = [by_part(config, LAYERS, [n_samples]) for n_samples in (16_000, 40_123)]
    assert by_part(config, LAYERS, [16_000, 40_123]) == {part: alone[0][part] + alone[1][part] for part in alone[0]}
