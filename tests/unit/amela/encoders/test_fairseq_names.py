"""From fairseq's names to transformers': nothing lost, nothing added, nothing guessed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from oracles import fairseq_layout as fairseq
from transformers import HubertModel

from amela.encoders.fairseq_checkpoint import FairseqCheckpoint, read_checkpoint
from amela.encoders.fairseq_names import configuration, convolutions, normalizes, renamed
from amela.errors import DataError

LARGE = {"extractor_mode": "layer_norm", "layer_norm_first": True, "conv_bias": True}
LAYOUTS = {
    "weight norm": ({}, {}),
    "parametrization": ({"positional": fairseq.PARAMETRIZATION}, {}),
    "batch norm": ({"positional": fairseq.BATCH_NORM}, {}),
    "layer norms": ({"extractor": {**fairseq.LAYER_NORMS, **fairseq.BIASES}}, LARGE),
    "no heads": ({"heads": {}}, {}),
}


def checkpoint(values=None, settings=None, task=None):
    values = fairseq.tensors() if values is None else values
    return FairseqCheckpoint(
        Path("model.pt"), values, {**fairseq.MODEL, **(settings or {})}, {**fairseq.TASK, **(task or {})}
    )


def wanted(config):
    """Name → shape of what transformers' model has."""
    with torch.device("meta"):
        return {name: value.shape for name, value in HubertModel(config).state_dict().items()}


def mapped(read):
    config = configuration(read)
    return renamed(read, config, wanted(config))


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_weight_of_the_encoder_arrives_once_and_nowhere_twice(name):
    options, settings = LAYOUTS[name]
    shapes = fairseq.layout(**options)
    values = {key: torch.full(shape, float(number)) for number, (key, shape) in enumerate(shapes.items())}
    read = checkpoint(values, settings)
    ours = mapped(read)
    expected = sorted(number for number, key in enumerate(shapes) if key not in fairseq.HEADS)
    assert sorted(value.flatten()[0].item() for value in ours.values()) == expected
    assert ours.keys() == wanted(configuration(read)).keys()


def test_names_say_the_same_on_both_sides():
    values = fairseq.tensors()
    ours = mapped(checkpoint(values))
    for theirs, name in (
        ("encoder.layers.1.self_attn.k_proj.weight", "encoder.layers.1.attention.k_proj.weight"),
        ("encoder.layers.1.self_attn_layer_norm.bias", "encoder.layers.1.layer_norm.bias"),
        ("encoder.layers.0.fc2.bias", "encoder.layers.0.feed_forward.output_dense.bias"),
        ("layer_norm.weight", "feature_projection.layer_norm.weight"),
        ("encoder.layer_norm.weight", "encoder.layer_norm.weight"),
        ("encoder.pos_conv.0.weight_v", "encoder.pos_conv_embed.conv.parametrizations.weight.original1"),
    ):
        assert torch.equal(ours[name], values[theirs])


def test_weights_in_half_precision_become_float32():
    values = {name: value.half() if value.is_floating_point() else value for name, value in fairseq.tensors().items()}
    ours = mapped(checkpoint(values))
    assert {value.dtype for value in ours.values()} == {torch.float32}
    assert torch.equal(ours["encoder.layer_norm.bias"], values["encoder.layer_norm.bias"].float())


def test_the_file_may_go_once_the_weights_are_taken(tmp_path):
    path = fairseq.write(tmp_path / "model.pt")
    ours = mapped(read_checkpoint(path))
    before = ours["encoder.layer_norm.bias"].clone()
    with open(path, "r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert torch.equal(ours["encoder.layer_norm.bias"], before)


@pytest.mark.parametrize("options", [{}, {"positional": fairseq.BATCH_NORM}], ids=["weight norm", "batch norm"])
def test_each_key_that_is_missing_or_renamed_is_refused_by_its_name(options):
    values = fairseq.tensors(fairseq.layout(heads={}, **options))
    config = configuration(checkpoint(values))
    shapes = wanted(config)
    deciding = ("encoder.pos_conv.0.weight_g", "encoder.pos_conv.0.running_mean")
    for key in values:
        rest = {name: value for name, value in values.items() if name != key}
        expected = "positional convolution" if key in deciding else f"it lacks {key}"
        with pytest.raises(DataError, match=expected):
            renamed(checkpoint(rest), config, shapes)
        with pytest.raises(DataError, match=f"{expected}.*{key}2"):
            renamed(checkpoint({**rest, f"{key}2": values[key]}), config, shapes)


@pytest.mark.parametrize("options", [{}, {"positional": fairseq.BATCH_NORM}], ids=["weight norm", "batch norm"])
def test_each_key_of_another_shape_is_refused_by_its_name(options):
    values = fairseq.tensors(fairseq.layout(heads={}, **options))
    config = configuration(checkpoint(values))
    shapes = wanted(config)
    for key in values:
        with pytest.raises(DataError, match=f"{key} is of shape"):
            renamed(checkpoint({**values, key: torch.stack([values[key]] * 2)}), config, shapes)


def test_a_block_more_than_the_settings_say_is_refused():
    with pytest.raises(DataError, match=r"its settings do not explain encoder\.layers\.1\.fc1\.bias.* …"):
        mapped(checkpoint(settings={"encoder_layers": 1}))
    with pytest.raises(DataError, match=r"it lacks encoder\.layers\.2\.fc1\.bias"):
        mapped(checkpoint(settings={"encoder_layers": 3}))


@pytest.mark.parametrize(
    "settings, task, message",
    [
        ({"layer_type": "conformer"}, {}, "layer_type is 'conformer'; only 'transformer'"),
        ({"quantize_input": True}, {}, "quantize_input is True"),
        ({"pos_conv_depth": 5}, {}, "pos_conv_depth is 5"),
        ({"crop_seq_to_multiple": 2}, {}, "crop_seq_to_multiple is 2"),
        ({"activation_fn": "tanh"}, {}, "activation_fn is 'tanh'; known: gelu, relu"),
        ({"extractor_mode": "batch_norm"}, {}, "extractor_mode is 'batch_norm'; known: default, layer_norm"),
        ({"encoder_layers": "12"}, {}, "setting encoder_layers is '12'"),
        ({"conv_pos": 0}, {}, "setting conv_pos is 0"),
        ({"conv_feature_layers": "[(512, 10)]"}, {}, "conv_feature_layers: .*channels, kernel, stride"),
        ({"conv_feature_layers": "open('x', 'w')"}, {}, "conv_feature_layers: .*is not understood"),
        ({}, {"sample_rate": 8000}, "hears 8000 Hz, not 16000"),
    ],
)
def test_networks_of_another_kind_are_refused_by_the_setting(settings, task, message):
    with pytest.raises(DataError, match=message):
        configuration(checkpoint(settings=settings, task=task))


def test_a_setting_that_cannot_be_read_is_never_taken_for_a_default(tmp_path):
    """NumPy's scalars are objects, which nobody imports to read a checkpoint."""
    settings = {"encoder_attention_heads": np.int64(2), "encoder_layers": 2}
    path = fairseq.write(tmp_path / "model.pt", settings=settings, task={"normalize": np.bool_(True)})
    with pytest.raises(DataError, match=r"setting encoder_attention_heads is an object of numpy\..*scalar"):
        configuration(read_checkpoint(path))
    with pytest.raises(DataError, match=r"setting normalize is an object of numpy\..*scalar"):
        normalizes(read_checkpoint(path))


def test_waveforms_are_normalised_if_the_task_says_so():
    assert [normalizes(checkpoint(task={"normalize": value})) for value in (True, False, None)] == [True, False, False]


def test_a_fine_tuned_model_is_refused_with_what_to_do():
    values = {f"w2v_encoder.w2v_model.{name}": value for name, value in fairseq.tensors().items()}
    with pytest.raises(DataError, match="fine-tuned"):
        configuration(checkpoint(values))


def test_settings_that_are_not_there_are_fairseqs_defaults():
    read = checkpoint(settings={"conv_feature_layers": None, "encoder_layers": None, "conv_pos": None})
    config = configuration(read)
    assert (config.num_hidden_layers, config.num_conv_pos_embeddings) == (12, 128)
    assert config.conv_stride == (5, 2, 2, 2, 2, 2, 2) and set(config.conv_dim) == {512}


def test_expressions_of_convolutions():
    published = "[(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512,2,2)] + [(512,2,2)]"
    assert convolutions(published) == [(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512, 2, 2)] * 2
    assert convolutions("[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 3")[-3:] == [(512, 2, 2)] * 3
    for bad in ("", "3", "[]", "[(1,2)]", "[(1,2,0)]", "[(1,2,-3)]", "[(1,2,3.5)]", "[(1,2,True)]", "__import__('os')"):
        with pytest.raises((ValueError, SyntaxError)):
            convolutions(bad)
    for large in ("[(1,2,3)] * 1000000000", "[(1,2,3)] * 64 * 64 * 64 * 64 * 64", "[(9999999,2,3)]"):
        with pytest.raises(ValueError):
            convolutions(large)
