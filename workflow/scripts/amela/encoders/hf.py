"""Encoder from a checkpoint of transformers: HuBERT, wav2vec 2.0, WavLM and Data2Vec-audio, as the hub has them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

import torch
from safetensors.torch import load_file
from transformers import Data2VecAudioModel, HubertModel, PreTrainedModel, Wav2Vec2Model, WavLMModel

from amela.audio import SAMPLE_RATE
from amela.encoders.transformer import TransformerEncoder
from amela.errors import DataError

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt

MODELS = {
    "hubert": HubertModel,
    "wav2vec2": Wav2Vec2Model,
    "wavlm": WavLMModel,
    "data2vec-audio": Data2VecAudioModel,
}
EPSILON = 1e-7  # of the normalisation of transformers' feature extractor
# Parts of a checkpoint that lie behind the last block, or that only training uses.
HEADS = {"lm_head", "quantizer", "project_hid", "project_q", "projector", "classifier", "layer_weights"}
UNUSED = {"masked_spec_embed"}  # what replaces masked frames in training
# Weight norm of the positional convolution as PyTorch named it before 2.0, and as it does now.
WEIGHT_NORM = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}
SHOWN = 5  # keys in a message


class HuggingFaceEncoder(TransformerEncoder):
    """Features of a layer of a checkpoint; waveforms are normalised if its feature extractor does so."""

    def __init__(self, checkpoint: Receipt, layer: int, residual: str = "stream", **options: Any) -> None:
        """See ``TransformerEncoder``, which takes the other ``options``.

        Raises:
            DataError: the checkpoint cannot be read as it is meant.
        """
        if "config.json" not in checkpoint.files:
            todo = "name a folder with config.json, or read a file of fairseq by backend: fairseq"
            raise DataError("no checkpoint of transformers: it has no config.json", checkpoint.name, todo)
        epsilon = waveform_epsilon(checkpoint)
        super().__init__(load_model(checkpoint), layer, residual, epsilon, **options)


def waveform_epsilon(checkpoint: Receipt) -> Optional[float]:
    """Epsilon of the normalisation that the checkpoint's feature extractor does; None if it does none.

    Raises:
        DataError: the checkpoint has no feature extractor, or one for another sampling rate.
    """
    if "preprocessor_config.json" in checkpoint.files:
        settings = _read_json(checkpoint, "preprocessor_config.json")
    elif "processor_config.json" in checkpoint.files:  # where newer releases put it
        settings = _read_json(checkpoint, "processor_config.json").get("feature_extractor", {})
    else:
        todo = 'take it from where the model was published, or write {"do_normalize": …} as the model was trained'
        raise DataError("no preprocessor_config.json, which says how waveforms are normalised", checkpoint.name, todo)
    if not isinstance(settings.get("do_normalize"), bool):
        raise DataError("the feature extractor does not say whether it normalises (do_normalize)", checkpoint.name)
    rate = settings.get("sampling_rate", SAMPLE_RATE)
    if rate != SAMPLE_RATE:
        raise DataError(f"the model hears {rate} Hz, not {SAMPLE_RATE}", checkpoint.name)
    return EPSILON if settings["do_normalize"] else None


def load_model(checkpoint: Receipt) -> PreTrainedModel:
    """The network of a checkpoint, every weight of it from there.

    It is laid out without memory first, so that a weight that was not loaded would have no value at all.

    Raises:
        DataError: another kind of model, or a key is missing, unexpected or of another shape; it is named.
    """
    settings = _read_json(checkpoint, "config.json")
    kind = settings.get("model_type")
    if kind not in MODELS:
        raise DataError(f"a model of type {kind!r}; known: {', '.join(sorted(MODELS))}", checkpoint.name)
    for key in ("add_adapter", "adapter_attn_dim"):
        if settings.get(key):
            raise DataError(f"a model with adapters ({key}), which is no encoder alone", checkpoint.name)
    model_class = MODELS[kind]
    try:
        config = model_class.config_class.from_dict(settings)
    except Exception as error:  # of a library below transformers, which checks types
        raise DataError(f"config.json: {_first_line(error)}", checkpoint.name) from error
    config.mask_time_prob = config.mask_feature_prob = 0.0  # else it has a mask embedding
    with torch.device("meta"):
        model = model_class(config)
    tensors = own_tensors(read_tensors(checkpoint), model_class.base_model_prefix, checkpoint.name)
    _check(tensors, model.state_dict(), checkpoint.name)
    model.load_state_dict(tensors, strict=True, assign=True)
    return model


def read_tensors(checkpoint: Receipt) -> Dict[str, torch.Tensor]:
    """Tensors of a checkpoint by key: of its safetensors, or where it has none of its PyTorch files.

    Raises:
        DataError: there are none, or a file is damaged or holds anything but tensors, or one that another has.
    """
    suffix = ".safetensors" if any(name.endswith(".safetensors") for name in checkpoint.files) else ".bin"
    paths = [path for name, path in sorted(checkpoint.files.items()) if name.endswith(suffix)]
    if not paths:
        raise DataError("neither model.safetensors nor pytorch_model.bin", checkpoint.name)
    tensors: Dict[str, torch.Tensor] = {}
    for path in paths:
        found = _read_file(path)
        if twice := sorted(tensors.keys() & found.keys()):
            raise DataError(f"tensors that another file of this checkpoint has too: {_some(twice)}", path)
        tensors.update(found)
    return tensors


def _read_file(path: Path) -> Dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # a damaged or crafted file may bring up any
        raise DataError(f"no readable tensors, and nothing was executed: {_first_line(error)}", path) from error
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise DataError("more than tensors: not a checkpoint of transformers", path)
    return tensors


def own_tensors(tensors: Mapping[str, torch.Tensor], prefix: str, where: object) -> Dict[str, torch.Tensor]:
    """Tensors of the encoder by the keys of its own class, without heads that it was trained with.

    Raises DataError, naming ``where``, when one of them is there twice, with and without ``prefix`` or by an old name.
    """
    inside = f"{prefix}."
    own: Dict[str, torch.Tensor] = {}
    for key, value in tensors.items():
        name = key[len(inside) :] if key.startswith(inside) else key
        if name == key and name.partition(".")[0] in HEADS or name in UNUSED:
            continue
        stem, _, last = name.rpartition(".")
        name = f"{stem}.{WEIGHT_NORM[last]}" if last in WEIGHT_NORM else name
        if name in own:
            raise DataError(f"weights that are there twice: {name}, the second time as {key}", where)
        own[name] = value
    return own


def _check(tensors: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor], name: str) -> None:
    """Raise DataError unless every tensor that is expected is there, in its shape, and nothing else."""
    wrong = {
        "missing": sorted(expected.keys() - tensors.keys()),
        "unexpected": sorted(tensors.keys() - expected.keys()),
        "of another shape": [
            f"{key} {tuple(tensors[key].shape)}, not {tuple(value.shape)}"
            for key, value in expected.items()
            if key in tensors and tensors[key].shape != value.shape
        ],
    }
    if any(wrong.values()):
        parts = [f"{what}: {_some(keys)}" for what, keys in wrong.items() if keys]
        raise DataError(f"weights do not fit the configuration; {'; '.join(parts)}", name)


def _some(keys: List[str]) -> str:
    return ", ".join(keys[:SHOWN]) + (f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _read_json(checkpoint: Receipt, name: str) -> Dict[str, Any]:
    """A settings file of a checkpoint. Raises DataError if it is not there or holds no settings."""
    if name not in checkpoint.files:
        raise DataError(f"no {name}", checkpoint.name, "it is a file of every checkpoint of transformers")
    path = Path(checkpoint.files[name])
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"no readable settings: {error}", path) from error
    if not isinstance(settings, dict):
        raise DataError("no settings, which are a JSON object", path)
    return settings
