"""What the recognisers made with NeMo share: a quiet, offline library, and files of models that are not trusted.

NeMo builds whatever class a model's configuration names and loads weights without asking
whether they are all there. So a configuration is looked through before NeMo sees it, and
the names and shapes of its weights afterwards.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

import torch

from amela.device import exact_device
from amela.errors import AmelaError

QUIET = {
    "HF_HUB_OFFLINE": "1",  # every file comes from the receipt
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
# Classes that models which transcribe are made of, by their packages in nemo.collections
CLASSES = {
    "asr.models": (
        "EncDecCTCModel EncDecCTCModelBPE EncDecRNNTModel EncDecRNNTBPEModel EncDecRNNTBPEModelWithPrompt"
        " EncDecHybridRNNTCTCModel EncDecHybridRNNTCTCBPEModel EncDecHybridRNNTCTCBPEModelWithPrompt"
    ),
    "asr.modules": (
        "AudioToMelSpectrogramPreprocessor AudioToMFCCPreprocessor SpectrogramAugmentation MaskedPatchAugmentation"
        " CropOrPadSpectrogramAugmentation ConformerEncoder ConformerEncoderAdapter RNNEncoder"
        " ConvASREncoder ConvASREncoderAdapter ConvASRDecoder LSTMDecoder"
        " RNNTDecoder StatelessTransducerDecoder RNNTJoint SampledRNNTJoint HATJoint"
    ),
    "speechlm2.models": "SALM",
    "speechlm2.modules": "AudioPerceptionModule IdentityConnector QformerConnector MultiLayerProjectionConnector",
}
# One of these, named in its package or in a module of that; of what such a module has imported, nothing else.
TARGET = re.compile(
    "|".join(
        rf"nemo\.collections\.{re.escape(package)}\.(?:[a-z0-9_]+\.)?(?:{'|'.join(names.split())})"
        for package, names in CLASSES.items()
    )
)
TARGET_KEYS = ("target", "_target_", "cls")
# nothing of this is built to transcribe
TRAINING = ("optim", "optimizer", "lr_scheduler", "trainer", "exp_manager", "train_ds", "validation_ds", "test_ds")
# these would have other weights loaded than the receipt's
OTHER_WEIGHTS = ("init_from_checkpoint", "pretrained_s2s_model", "pretrained_perception_from_s2s")
RESOLVER = re.compile(r"\$\{[^}]*(:|\$\{)")  # OmegaConf's, which may make nodes from text; references are harmless
# computed from the configuration, or of no use once trained: a file without them is whole
COMPUTED = (".featurizer.fb", ".featurizer.window", ".num_batches_tracked")
BATCH_SECONDS = ((70, 640.0), (35, 320.0), (0, 160.0))  # by GiB of a GPU: padded seconds that fit well
NOT_TRUSTED = "use a published checkpoint, or look at who made this one"

logger = logging.getLogger("asr")


def import_nemo(module: str) -> Any:
    """A module of NeMo (10 s the first time), offline, its and its companions' messages reduced to errors."""
    os.environ.update(QUIET)
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # some speak while they are imported
    try:
        imported = importlib.import_module(module)
    finally:
        logging.disable(disabled)
    logging.getLogger("nemo_logger").setLevel(logging.ERROR)
    importlib.import_module("transformers").logging.set_verbosity_error()
    return imported


def parse_config(text: str, where: object) -> Dict[str, Any]:
    """The configuration of a model, JSON or YAML, as plain values; no tag of YAML makes an object.

    Raises:
        AmelaError: it is neither, or no mapping.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        config = OmegaConf.to_container(OmegaConf.create(text))
    except (OmegaConfBaseException, YAMLError, ValueError) as error:
        raise AmelaError(f"no configuration of a model: {error}".split("\n")[0], where) from error
    if not isinstance(config, dict):
        raise AmelaError("no configuration of a model: not a mapping", where)
    return config


def without_training(config: Mapping[str, Any]) -> Dict[str, Any]:
    """A configuration without what only training uses, which may name classes of any library."""
    return {key: value for key, value in config.items() if key not in TRAINING and key not in OTHER_WEIGHTS}


def check_targets(config: Mapping[str, Any], where: object) -> None:
    """Raise AmelaError, naming the key, where a configuration would have anything run but NeMo's own models.

    Args:
        config: plain values, as from ``parse_config``, all the way down.
        where: the file, for the message.
    """
    check_no_code(config, where)
    for key, name, value in _items(config):
        if name in TARGET_KEYS and not (isinstance(value, str) and TARGET.fullmatch(value)):
            raise AmelaError(f"{key} names {value!r}, which is no model of NeMo", where, NOT_TRUSTED)
        if isinstance(value, str) and RESOLVER.search(value):
            raise AmelaError(f"{key} is computed: {value!r}", where, NOT_TRUSTED)


def check_no_code(config: Mapping[str, Any], where: object) -> None:
    """Raise AmelaError, naming the key, where a configuration asks transformers to run a model's own code."""
    for key, name, value in _items(config):
        if name == "auto_map" or (name == "trust_remote_code" and value):
            raise AmelaError(f"{key} asks to run code that comes with the model", where, NOT_TRUSTED)


def _items(value: Any, key: str = "") -> Iterator[Tuple[str, str, Any]]:
    """Everything in a nested configuration: ("encoder._target_", "_target_", …), ("layers.0", "0", …)."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, nested in pairs:
        yield f"{key}{name}", str(name), nested
        yield from _items(nested, f"{key}{name}.")


def check_weights(present: Mapping[str, Sequence[int]], model: torch.nn.Module, where: object) -> None:
    """Raise AmelaError unless a file has every weight of a model, in its shape; warn of what it has beside them.

    A weight that shares its memory with one of the file (tied embeddings) is there too.

    Args:
        present: shape of each tensor of the file, by name.
        where: the file, for the message.
    """
    needed = {name: tensor for name, tensor in model.state_dict(keep_vars=True).items() if not name.endswith(COMPUTED)}
    stored = {tensor.data_ptr() for name, tensor in needed.items() if name in present}
    missing = [name for name, tensor in needed.items() if name not in present and tensor.data_ptr() not in stored]
    if missing:
        raise AmelaError(f"lacks {len(missing)} weights of the model: {_some(missing)}", where, "fetch it again")
    for name, tensor in needed.items():
        if name in present and tuple(present[name]) != tuple(tensor.shape):
            raise AmelaError(f"{name} is {tuple(present[name])}, in the model {tuple(tensor.shape)}", where)
    surplus = sorted(set(present) - set(model.state_dict()))
    if surplus:
        logger.warning("%s: %d tensors that the model has no place for: %s", where, len(surplus), _some(surplus))


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def prepare_device() -> torch.device:
    """CUDA where there is one, else one thread of the CPU; on both the same numbers every time."""
    device = exact_device()
    if device.type == "cpu":
        torch.set_num_threads(1)
    return device


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """What weights are computed in: ``auto`` is bfloat16 on a GPU that has it, else float32.

    Raises:
        AmelaError: a precision that is unknown.
    """
    kinds = {"fp32": torch.float32, "bf16": torch.bfloat16}
    if precision == "auto":
        exists = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if exists else torch.float32
    if precision not in kinds:
        raise AmelaError(f"unknown precision {precision!r}; known: auto, {', '.join(kinds)}")
    return kinds[precision]


def batch_budget(device: torch.device, on_cpu: float = 0.0) -> float:
    """Padded seconds that a device takes well at a time, from the whole memory of a GPU; ``on_cpu`` on a CPU."""
    if device.type != "cuda":
        return on_cpu
    gigabytes = torch.cuda.get_device_properties(device).total_memory / 2**30
    return next(seconds for more_than, seconds in BATCH_SECONDS if gigabytes > more_than)
