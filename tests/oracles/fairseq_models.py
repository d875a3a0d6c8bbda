#!/usr/bin/env python3
"""Checkpoints and features of fairseq's own classes, to hold AMELA's reading of them against.

Runs in an environment of its own (Python 3.9, fairseq 0.12.2) and shares no code with AMELA. Every
model gets random weights that differ in each parameter, is saved by fairseq's trainer after a step of
its optimiser, is read back by fairseq where that version can, and encodes the given files.

Writes {folder}/{model}.pt, and {folder}/{model}.npz with an array "{file stem}/{layer}" of shape (T, D)
for every layer of the first two files and the last layer of all, and "{file stem}/final" with the final
layer norm of the models that have one outside their blocks.

Example
    .venv-fairseq/bin/python tests/oracles/fairseq_models.py /tmp/oracle --models hubert-large --wav a.wav b.wav
"""

import argparse
import logging
import warnings
from pathlib import Path

import numpy as np
import soundfile as sf
import torch
from fairseq import checkpoint_utils, tasks
from fairseq.data.dictionary import Dictionary
from fairseq.dataclass.configs import FairseqConfig
from fairseq.models.hubert.hubert import HubertConfig
from fairseq.models.wav2vec.wav2vec2 import Wav2Vec2Config
from fairseq.modules import SamePad
from fairseq.trainer import Trainer
from omegaconf import OmegaConf, open_dict

SMALL = {"encoder_layers": 3, "encoder_embed_dim": 48, "encoder_ffn_embed_dim": 96, "encoder_attention_heads": 4}
CONVOLUTIONS_50_HZ = "[({0},10,5)] + [({0},3,2)] * 4 + [({0},2,2)] * 2"
CONVOLUTIONS_25_HZ = "[({0},10,5)] + [({0},3,2)] * 4 + [({0},2,2)] * 3"
NARROW = {**SMALL, "conv_feature_layers": CONVOLUTIONS_50_HZ.format(32), "conv_pos": 16, "conv_pos_groups": 4}
SLOW = {"conv_feature_layers": CONVOLUTIONS_25_HZ.format(32), "activation_fn": "relu"}
EQUAL = {"conv_feature_layers": CONVOLUTIONS_50_HZ.format(48)}  # nothing is projected
LARGE = {"extractor_mode": "layer_norm", "layer_norm_first": True}  # as HuBERT large and XLSR-53

# name → (class, settings of the model, waveform normalised, positional batch norm, form of the settings)
MODELS = {
    "hubert-weight-norm": ("hubert", NARROW, False, False, "cfg"),
    "hubert-batch-norm": ("hubert", NARROW, False, True, "cfg"),
    "hubert-batch-norm-25-hz": ("hubert", {**NARROW, **SLOW}, False, True, "nodes"),
    "hubert-large": ("hubert", {**NARROW, **LARGE}, True, False, "cfg"),
    "hubert-large-batch-norm": ("hubert", {**NARROW, **LARGE, "conv_pos": 15, "conv_bias": True}, True, True, "cfg"),
    "hubert-equal-widths": ("hubert", {**NARROW, **EQUAL}, True, False, "args"),
    "wav2vec2": ("wav2vec2", NARROW, False, False, "args"),
    "wav2vec2-large": ("wav2vec2", {**NARROW, **LARGE, "conv_bias": True}, True, False, "cfg"),
    "hubert-base": ("hubert", {}, False, False, "cfg"),
    "hubert-base-batch-norm": ("hubert", {}, False, True, "cfg"),
}
CODEBOOKS = {"quantize_targets": True, "latent_vars": 8, "latent_groups": 2, "final_dim": 16}  # of wav2vec 2.0


def settings(kind, model, normalize, folder):
    """A whole configuration of fairseq for one model."""
    whole = OmegaConf.structured(FairseqConfig)
    whole.common.cpu = True
    with open_dict(whole):
        if kind == "hubert":
            whole.model = OmegaConf.create({**OmegaConf.to_container(OmegaConf.structured(HubertConfig)), **model})
            task = {"_name": "hubert_pretraining", "labels": ["km"], "label_rate": 50.0, "single_target": False}
        else:
            defaults = OmegaConf.to_container(OmegaConf.structured(Wav2Vec2Config))
            whole.model = OmegaConf.create({**defaults, **CODEBOOKS, **model})
            task = {"_name": "audio_pretraining"}
        whole.model._name = kind
        whole.task = OmegaConf.create({"data": str(folder), "normalize": normalize, "sample_rate": 16000, **task})
        whole.criterion = OmegaConf.create({"_name": "model"})
        whole.optimizer = OmegaConf.create({"_name": "adam", "lr": [1e-3], "adam_betas": "(.9, .98)", "adam_eps": 1e-8})
        whole.optimizer.update({"weight_decay": 0.0, "use_old_adam": False, "tpu": False, "fp16_adam_stats": False})
        whole.lr_scheduler = OmegaConf.create({"_name": "fixed", "lr": [1e-3], "warmup_updates": 0, "lr_shrink": 0.1})
        whole.lr_scheduler.force_anneal = None
    OmegaConf.set_struct(whole, True)
    return whole


def with_batch_norm(encoder):
    """The positional convolution of later versions of fairseq, which this one lacks."""
    convolution = torch.nn.utils.remove_weight_norm(encoder.pos_conv[0])
    norm = torch.nn.BatchNorm1d(convolution.in_channels)
    encoder.pos_conv = torch.nn.Sequential(norm, convolution, SamePad(convolution.kernel_size[0]), torch.nn.GELU())


def gain(name):
    """Sharp attention and narrow branches: else frames grow alike from block to block, until all are one."""
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        return 2.0
    return 0.15 if name.endswith(("out_proj.weight", "fc2.weight")) else 1.0


@torch.no_grad()
def randomize(model, seed):
    """Different values in every parameter, of a size that lets the input through to the last layer."""
    dice = torch.Generator().manual_seed(seed)
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if not value.is_floating_point():
            continue
        noise = torch.randn(value.shape, generator=dice)
        if name.endswith(("running_var", "weight_g")):
            value.copy_(noise.mul(0.2).exp() * (1.0 if name.endswith("running_var") else 0.5))
        elif value.dim() == 1:
            is_gain = name.endswith("weight")
            value.copy_(noise * 0.2 + (1.0 if is_gain else 0.0))
        else:
            value.copy_(noise * gain(name) * (2.0 / value[0].numel()) ** 0.5)


def trainer_of(whole, batch_norm, seed):
    """fairseq's trainer around a model, one step of the optimiser taken."""
    task = tasks.setup_task(whole.task)
    model = task.build_model(whole.model)
    if batch_norm:
        with_batch_norm(model.encoder)
    randomize(model, seed)
    trainer = Trainer(whole, task, model, task.build_criterion(whole.criterion))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    trainer.optimizer.step()
    trainer.set_num_updates(1)
    trainer.consolidate_optimizer()
    return trainer


def save(trainer, kind, form, path):
    """One of the forms in which fairseq has kept its settings over the years."""
    if form == "cfg":
        trainer.save_checkpoint(str(path), {"epoch": 1, "val_loss": None})
        return
    state = trainer.state_dict()
    if form == "args":  # 2020: one flat namespace
        flat = {**state["cfg"]["task"], **state["cfg"]["model"]}
        state["cfg"], state["args"] = None, argparse.Namespace(**flat, arch=kind)
    else:
        state["cfg"] = OmegaConf.create(state["cfg"])
    checkpoint_utils.torch_persistent_save(state, str(path))


def features(kind, model, samples, layer):
    """(T, D): the output of block ``layer``, 1-based; without a layer, what the whole encoder gives."""
    if kind == "hubert":
        return model.extract_features(samples[None], padding_mask=None, mask=False, output_layer=layer)[0][0]
    layer = None if layer is None else layer - 1
    return model.extract_features(samples[None], padding_mask=None, mask=False, layer=layer)["x"][0]


@torch.no_grad()
def encode(kind, model, files, normalize):
    model.eval()
    layers = len(model.encoder.layers)
    encoded = {}
    for index, path in enumerate(files):
        samples = torch.from_numpy(sf.read(str(path), dtype="float32")[0])
        if normalize:  # as fairseq's data sets do
            samples = torch.nn.functional.layer_norm(samples, samples.shape)
        for layer in range(1, layers + 1) if index < 2 else [layers]:
            encoded[f"{path.stem}/{layer}"] = features(kind, model, samples, layer).numpy()
        if model.encoder.layer_norm_first and index < 2:
            encoded[f"{path.stem}/final"] = features(kind, model, samples, None).numpy()
    return encoded


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write")
    parser.add_argument("--models", choices=MODELS, nargs="+", required=True, metavar="NAME", help=", ".join(MODELS))
    parser.add_argument("--wav", type=Path, nargs="+", required=True, help="16 kHz mono files")
    args = parser.parse_args()

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    args.folder.mkdir(parents=True, exist_ok=True)
    labels = Dictionary()
    for unit in range(10):
        labels.add_symbol(str(unit))
    labels.save(str(args.folder / "dict.km.txt"))
    for name in args.models:
        kind, model, normalize, batch_norm, form = MODELS[name]
        whole = settings(kind, model, normalize, args.folder)
        trainer = trainer_of(whole, batch_norm, list(MODELS).index(name))
        path = args.folder / f"{name}.pt"
        save(trainer, kind, form, path)
        reference = trainer.model
        if not batch_norm and form == "cfg":  # what fairseq itself reads back from the file
            (reference,), _, _ = checkpoint_utils.load_model_ensemble_and_task([str(path)])
        np.savez(args.folder / f"{name}.npz", **encode(kind, reference, args.wav, normalize))


if __name__ == "__main__":
    main()
