"""From fairseq's settings and names to those of transformers, key by key.

HuBERT and wav2vec 2.0 are one network: ``HubertModel`` of transformers runs both, and knows both
positional convolutions. Which of them a checkpoint holds is decided from its tensors, because
settings of 2021 do not say it.
"""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import torch
from transformers import HubertConfig

from amela.audio import SAMPLE_RATE
from amela.encoders.fairseq_checkpoint import FairseqCheckpoint
from amela.errors import DataError

# What fairseq takes where a checkpoint's settings say nothing.
DEFAULTS: Dict[str, Any] = {
    "extractor_mode": "default",
    "encoder_layers": 12,
    "encoder_embed_dim": 768,
    "encoder_ffn_embed_dim": 3072,
    "encoder_attention_heads": 12,
    "activation_fn": "gelu",
    "layer_norm_first": False,
    "conv_feature_layers": "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2",
    "conv_bias": False,
    "conv_pos": 128,
    "conv_pos_groups": 16,
}
# Settings of networks that only share the name, with the one value that is ours.
REQUIRED = {"layer_type": "transformer", "quantize_input": False, "pos_conv_depth": 1, "crop_seq_to_multiple": 1}
EXTRACTORS = {"default": "group", "layer_norm": "layer"}
ACTIVATIONS = ("gelu", "relu")
# Used in pre-training alone: targets, their projections, the mask.
HEADS = ("final_proj", "label_embs_concat", "mask_emb", "project_q", "quantizer", "target_glu")
SHOWN = 5  # keys in a message
MOST_LAYERS = 64  # of a front end; published ones have 7 or 8

POSITION = "encoder.pos_conv."
POSITION_HERE = "encoder.pos_conv_embed."
LENGTH, DIRECTION = "parametrizations.weight.original0", "parametrizations.weight.original1"  # of a normalised weight
# Layouts of the positional convolution, by the key that only this one has.
POSITIONAL = {
    "0.running_mean": {
        "0.weight": "batch_norm.weight",
        "0.bias": "batch_norm.bias",
        "0.running_mean": "batch_norm.running_mean",
        "0.running_var": "batch_norm.running_var",
        "0.num_batches_tracked": "batch_norm.num_batches_tracked",
        "1.weight": "conv.weight",
        "1.bias": "conv.bias",
    },
    "0.weight_g": {"0.weight_g": f"conv.{LENGTH}", "0.weight_v": f"conv.{DIRECTION}", "0.bias": "conv.bias"},
    f"0.{LENGTH}": {f"0.{name}": f"conv.{name}" for name in (LENGTH, DIRECTION, "bias")},
}
BLOCK = {
    "self_attn.q_proj": "attention.q_proj",
    "self_attn.k_proj": "attention.k_proj",
    "self_attn.v_proj": "attention.v_proj",
    "self_attn.out_proj": "attention.out_proj",
    "self_attn_layer_norm": "layer_norm",
    "fc1": "feed_forward.intermediate_dense",
    "fc2": "feed_forward.output_dense",
    "final_layer_norm": "final_layer_norm",
}


def convolutions(expression: str) -> List[Tuple[int, int, int]]:
    """Channels, kernel and stride of each layer of the front end.

    Args:
        expression: fairseq's ``conv_feature_layers``, as ``[(512,10,5)] + [(512,3,2)] * 4``;
            lists, tuples, numbers, + and * are understood, and nothing is evaluated.

    Raises:
        ValueError: it is anything else.
    """
    layers = _value(ast.parse(expression.strip(), mode="eval").body)
    if not isinstance(layers, list) or not layers:
        raise ValueError("no list of layers")
    for layer in layers:
        if not isinstance(layer, tuple) or len(layer) != 3 or not all(type(n) is int and n > 0 for n in layer):
            raise ValueError(f"{layer} is not (channels, kernel, stride)")
    return layers


def _value(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value <= 1 << 16:
        return node.value
    if isinstance(node, ast.List):
        return [_value(each) for each in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(each) for each in node.elts)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list):
            return left + right
        repeated = isinstance(node.op, ast.Mult) and isinstance(left, list) and isinstance(right, int)
        if repeated and len(left) * right <= MOST_LAYERS:
            return left * right
    raise ValueError(f"{ast.unparse(node)!r} is not understood")


def configuration(checkpoint: FairseqCheckpoint) -> HubertConfig:
    """The network that the settings describe.

    Raises:
        DataError: they describe another kind, or make no sense; the setting is named.
    """
    for name, value in REQUIRED.items():
        if checkpoint.model.get(name, value) not in (value, None):
            raise DataError(f"{name} is {checkpoint.model[name]!r}; only {value!r} is supported", checkpoint.path)
    if checkpoint.task.get("sample_rate", SAMPLE_RATE) != SAMPLE_RATE:
        raise DataError(f"the model hears {checkpoint.task['sample_rate']} Hz, not {SAMPLE_RATE}", checkpoint.path)
    settings = {name: _setting(checkpoint, name) for name in DEFAULTS}
    try:
        channels, kernels, strides = zip(*convolutions(settings["conv_feature_layers"]))
    except (ValueError, SyntaxError) as error:
        raise DataError(f"conv_feature_layers: {error}", checkpoint.path) from error
    for name, known in (("extractor_mode", EXTRACTORS), ("activation_fn", ACTIVATIONS)):
        if settings[name] not in known:
            raise DataError(f"{name} is {settings[name]!r}; known: {', '.join(known)}", checkpoint.path)
    return HubertConfig(
        hidden_size=settings["encoder_embed_dim"],
        num_hidden_layers=settings["encoder_layers"],
        num_attention_heads=settings["encoder_attention_heads"],
        intermediate_size=settings["encoder_ffn_embed_dim"],
        hidden_act=settings["activation_fn"],
        do_stable_layer_norm=settings["layer_norm_first"],
        feat_extract_norm=EXTRACTORS[settings["extractor_mode"]],
        conv_dim=channels,
        conv_kernel=kernels,
        conv_stride=strides,
        conv_bias=settings["conv_bias"],
        num_conv_pos_embeddings=settings["conv_pos"],
        num_conv_pos_embedding_groups=settings["conv_pos_groups"],
        conv_pos_batch_norm=_positional(checkpoint) is POSITIONAL["0.running_mean"],
        apply_spec_augment=False,
        mask_time_prob=0.0,  # else it has a mask embedding, which only pre-training uses
    )


def normalizes(checkpoint: FairseqCheckpoint) -> bool:
    """Whether the model wants waveforms of zero mean and unit variance. Raises DataError if that is unclear."""
    value = checkpoint.task.get("normalize")
    if value not in (None, True, False):
        raise DataError(f"setting normalize is {value!r}", checkpoint.path)
    return bool(value)


def _setting(checkpoint: FairseqCheckpoint, name: str) -> Any:
    default = DEFAULTS[name]
    value = checkpoint.model.get(name)
    if value is None:
        return default
    if type(value) is not type(default) or (type(value) is int and value < 1):
        raise DataError(f"setting {name} is {value!r}", checkpoint.path)
    return value


def _positional(checkpoint: FairseqCheckpoint) -> Mapping[str, str]:
    for key, layout in POSITIONAL.items():
        if POSITION + key in checkpoint.tensors:
            return layout
    held = [key for key in checkpoint.tensors if POSITION in key]
    raise DataError(
        f"the positional convolution is neither weight-normalised nor after a batch norm: {', '.join(held) or 'none'}",
        checkpoint.path,
        "of a model that was fine-tuned (w2v_encoder.…), take the one it was made from" if held else None,
    )


def projects(config: HubertConfig) -> bool:
    """Whether a linear layer leads from the front end to the blocks; fairseq has none between equal widths."""
    return config.conv_dim[-1] != config.hidden_size


def key_names(config: HubertConfig, positional: Mapping[str, str]) -> Dict[str, str]:
    """Every key that the network has: fairseq's → transformers'."""
    modules = {"layer_norm": "feature_projection.layer_norm", "encoder.layer_norm": "encoder.layer_norm"}
    if projects(config):
        modules["post_extract_proj"] = "feature_projection.projection"
    names = {}
    for index in range(len(config.conv_dim)):
        here = f"feature_extractor.conv_layers.{index}"
        names[f"{here}.0.weight"] = f"{here}.conv.weight"
        if config.conv_bias:
            names[f"{here}.0.bias"] = f"{here}.conv.bias"
        if config.feat_extract_norm == "layer":
            modules[f"{here}.2.1"] = f"{here}.layer_norm"
        elif index == 0:
            modules[f"{here}.2"] = f"{here}.layer_norm"
    for index in range(config.num_hidden_layers):
        for theirs, ours in BLOCK.items():
            modules[f"encoder.layers.{index}.{theirs}"] = f"encoder.layers.{index}.{ours}"
    for theirs, ours in modules.items():
        names.update({f"{theirs}.{part}": f"{ours}.{part}" for part in ("weight", "bias")})
    names.update({POSITION + theirs: POSITION_HERE + ours for theirs, ours in positional.items()})
    return names


def renamed(
    checkpoint: FairseqCheckpoint, config: HubertConfig, shapes: Mapping[str, Sequence[int]]
) -> Dict[str, torch.Tensor]:
    """The tensors under the names of transformers, in float32 where they are real numbers.

    Args:
        shapes: what the network expects, under the names of transformers.

    Raises:
        DataError: a key is missing, unknown or of another shape; it is named as in the file.
    """
    names = key_names(config, _positional(checkpoint))
    found = {key for key in checkpoint.tensors if key.split(".")[0] not in HEADS}
    faults = []
    for what, keys in (("it lacks", names.keys() - found), ("its settings do not explain", found - names.keys())):
        if keys:
            faults.append(f"{what} {', '.join(sorted(keys)[:SHOWN])}{' …' if len(keys) > SHOWN else ''}")
    if faults:
        raise DataError("; ".join(faults), checkpoint.path)
    for key, name in names.items():
        shape = tuple(checkpoint.tensors[key].shape)
        if shape != tuple(shapes[name]):
            raise DataError(f"{key} is of shape {shape}; the settings say {tuple(shapes[name])}", checkpoint.path)
    return {name: _copied(checkpoint.tensors[key]) for key, name in names.items()}


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    """Out of the file's mapping, so that the file may go; models trained in half precision are stored so."""
    return tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True).contiguous()
