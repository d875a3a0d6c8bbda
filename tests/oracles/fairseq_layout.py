"""A small checkpoint in fairseq's layout, made without fairseq and without AMELA: names and shapes written out."""

import argparse

import torch

WIDTH, CHANNELS, HIDDEN, LAYERS = 8, 4, 12, 2
MODEL = {
    "_name": "hubert",
    "extractor_mode": "default",
    "encoder_layers": LAYERS,
    "encoder_embed_dim": WIDTH,
    "encoder_ffn_embed_dim": HIDDEN,
    "encoder_attention_heads": 2,
    "activation_fn": "gelu",
    "layer_type": "transformer",
    "layer_norm_first": False,
    "conv_feature_layers": f"[({CHANNELS},10,5)] + [({CHANNELS}, 3, 2)] * 2",
    "conv_bias": False,
    "conv_pos": 6,
    "conv_pos_groups": 2,
    "latent_temp": (2.0, 0.5, 0.999995),
}
TASK = {"_name": "hubert_pretraining", "sample_rate": 16000, "normalize": False, "labels": ["km"]}

CONVOLUTIONS = {
    f"feature_extractor.conv_layers.{i}.0.weight": (CHANNELS, c, k)
    for i, (c, k) in enumerate([(1, 10), (4, 3), (4, 3)])
}
GROUP_NORM = {f"feature_extractor.conv_layers.0.2.{part}": (CHANNELS,) for part in ("weight", "bias")}
LAYER_NORMS = {
    f"feature_extractor.conv_layers.{i}.2.1.{part}": (CHANNELS,) for i in range(3) for part in ("weight", "bias")
}
BIASES = {f"feature_extractor.conv_layers.{i}.0.bias": (CHANNELS,) for i in range(3)}
PROJECTION = {"post_extract_proj.weight": (WIDTH, CHANNELS), "post_extract_proj.bias": (WIDTH,)}
INPUT_NORM = {"layer_norm.weight": (CHANNELS,), "layer_norm.bias": (CHANNELS,)}
WEIGHT_NORM = {
    "encoder.pos_conv.0.bias": (WIDTH,),
    "encoder.pos_conv.0.weight_g": (1, 1, 6),
    "encoder.pos_conv.0.weight_v": (WIDTH, WIDTH // 2, 6),
}
PARAMETRIZATION = {
    "encoder.pos_conv.0.bias": (WIDTH,),
    "encoder.pos_conv.0.parametrizations.weight.original0": (1, 1, 6),
    "encoder.pos_conv.0.parametrizations.weight.original1": (WIDTH, WIDTH // 2, 6),
}
BATCH_NORM = {
    **{f"encoder.pos_conv.0.{part}": (WIDTH,) for part in ("weight", "bias", "running_mean", "running_var")},
    "encoder.pos_conv.0.num_batches_tracked": (),
    "encoder.pos_conv.1.weight": (WIDTH, WIDTH // 2, 6),
    "encoder.pos_conv.1.bias": (WIDTH,),
}
ENCODER_NORM = {"encoder.layer_norm.weight": (WIDTH,), "encoder.layer_norm.bias": (WIDTH,)}
BLOCK = {
    **{f"self_attn.{name}_proj.weight": (WIDTH, WIDTH) for name in ("k", "v", "q", "out")},
    **{f"self_attn.{name}_proj.bias": (WIDTH,) for name in ("k", "v", "q", "out")},
    **{
        f"{name}.{part}": (WIDTH,)
        for name in ("self_attn_layer_norm", "final_layer_norm")
        for part in ("weight", "bias")
    },
    "fc1.weight": (HIDDEN, WIDTH),
    "fc1.bias": (HIDDEN,),
    "fc2.weight": (WIDTH, HIDDEN),
    "fc2.bias": (WIDTH,),
}
BLOCKS = {f"encoder.layers.{i}.{name}": shape for i in range(LAYERS) for name, shape in BLOCK.items()}
HEADS = {
    "mask_emb": (WIDTH,),
    "label_embs_concat": (20, 4),
    "final_proj.weight": (4, WIDTH),
    "final_proj.bias": (4,),
    "quantizer.vars": (1, 6, 2),
    "quantizer.weight_proj.weight": (6, CHANNELS),
    "project_q.weight": (4, 4),
    "target_glu.0.weight": (8, 4),
}


def layout(extractor=GROUP_NORM, positional=WEIGHT_NORM, projection=PROJECTION, heads=HEADS):
    """Name → shape of everything in the ``model`` of a checkpoint."""
    return {
        **CONVOLUTIONS, **extractor, **INPUT_NORM, **projection, **positional, **ENCODER_NORM, **BLOCKS, **heads
    }  # fmt: skip


def tensors(shapes=None):
    """Random values, the same ones at every call; variances are positive."""
    dice = torch.Generator().manual_seed(0)
    values = {name: torch.randn(shape, generator=dice) for name, shape in (shapes or layout()).items()}
    for name in values:
        if name.endswith("running_var"):
            values[name] = values[name].abs() + 0.5
        if name.endswith("num_batches_tracked"):
            values[name] = torch.tensor(7)
    return values


def write(path, model=None, settings=None, task=None, form="cfg", beside=None, **saving):
    """Save what fairseq's trainer saves; ``beside``: more entries, ``saving``: arguments of torch.save."""
    settings, task = {**MODEL, **(settings or {})}, {**TASK, **(task or {})}
    content = {
        "args": argparse.Namespace(**{**task, **settings}) if form == "args" else None,
        "cfg": {"model": settings, "task": task, "common": {"seed": 1}} if form == "cfg" else None,
        "model": tensors() if model is None else model,
        "last_optimizer_state": {"state": {0: {"exp_avg": torch.ones(3)}}},
        **(beside or {}),
    }
    torch.save(content, path, **saving)
    return path
