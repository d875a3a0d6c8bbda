"""What the checkpoint of a unit HiFi-GAN says of itself, without its weights.

Its files, by name: one ``*.pt`` (the generator), one ``*.json`` (its configuration), and
text files with ``speaker`` or ``style`` in their names, a name a line. Others are left alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Tuple

from amela.audio import SAMPLE_RATE
from amela.errors import AmelaError, DataError

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt

DURATION_KERNEL = 3  # units; the duration predictor's second convolution is padded for this one alone
NO_INPUT = {"f0": "pitch", "embedder_params": "speaker embeddings"}  # keys of what AMELA cannot give a generator


@dataclass(frozen=True)
class CheckpointFiles:
    """Where the parts of a checkpoint are."""

    generator: Path
    config: Path
    speakers: Optional[Path] = None
    styles: Optional[Path] = None


@dataclass(frozen=True)
class DurationConfig:
    """Shape of a duration predictor."""

    hidden: int
    kernel: int  # units


@dataclass(frozen=True)
class GeneratorConfig:
    """Shape of a generator; in brackets the keys of the checkpoint's configuration."""

    k: int  # units that it knows (num_embeddings)
    embedding: int  # dimensions of a unit, a speaker, a style (embedding_dim)
    inputs: int  # channels into the first convolution (model_in_dim)
    channels: int  # out of it; each stage halves them (upsample_initial_channel)
    rates: Tuple[int, ...]  # of the stages (upsample_rates)
    kernels: Tuple[int, ...]  # of their transposed convolutions (upsample_kernel_sizes)
    block_kernels: Tuple[int, ...]  # of a stage's residual blocks (resblock_kernel_sizes)
    block_dilations: Tuple[Tuple[int, ...], ...]  # (resblock_dilation_sizes)
    speakers: int = 0  # 0: it knows of none (multispkr, num_speakers)
    styles: int = 0  # (multistyle, num_styles)
    duration: Optional[DurationConfig] = None  # (dur_predictor_params)

    @property
    def hop_samples(self) -> int:
        """Samples a unit."""
        return math.prod(self.rates)


def files_of(receipt: Receipt) -> CheckpointFiles:
    """Which file is which. Raises AmelaError unless there is one generator and one configuration."""

    def named(what: str, *patterns: str) -> List[Path]:
        found = [
            path for name, path in sorted(receipt.files.items()) if any(fnmatch(name.lower(), p) for p in patterns)
        ]
        if len(found) > 1:
            raise AmelaError(f"several files that may be its {what}: {', '.join(map(str, found))}", receipt.name)
        return found

    generator, config = named("generator", "*.pt"), named("configuration", "*.json")
    for what, found, pattern in (("generator", generator, "*.pt"), ("configuration", config, "*.json")):
        if not found:
            listed = ", ".join(sorted(receipt.files))
            raise AmelaError(f"this checkpoint has no {what} ({pattern}) among its files: {listed}", receipt.name)
    speakers, styles = named("speakers", "*speaker*.txt"), named("styles", "*style*.txt")
    return CheckpointFiles(generator[0], config[0], *(found[0] if found else None for found in (speakers, styles)))


def read_config(path: Path) -> GeneratorConfig:
    """Read a generator's configuration.

    Raises:
        DataError: it is none, or contradicts itself.
        AmelaError: a generator that wants more than units, a speaker and a style, or of another sampling rate.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        config = _generator_config(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"no configuration of a unit HiFi-GAN: {error!r}", path) from error
    for key, what in NO_INPUT.items():
        if content.get(key):
            raise AmelaError(f"this vocoder wants {what} ({key}), which units do not have", path, "choose another one")
    if str(content.get("resblock", "1")) != "1":
        raise AmelaError(f"residual blocks of type {content['resblock']}; only type 1 is known", path)
    rate = content.get("sampling_rate", SAMPLE_RATE)
    if rate != SAMPLE_RATE:
        raise AmelaError(f"this vocoder speaks at {rate} Hz; AMELA works at {SAMPLE_RATE} Hz", path)
    _check(config, path)
    return config


def _generator_config(content: Mapping[str, Any]) -> GeneratorConfig:
    duration = content.get("dur_predictor_params") or None
    return GeneratorConfig(
        k=int(content["num_embeddings"]),
        embedding=int(content["embedding_dim"]),
        inputs=int(content.get("model_in_dim", 80)),
        channels=int(content["upsample_initial_channel"]),
        rates=tuple(map(int, content["upsample_rates"])),
        kernels=tuple(map(int, content["upsample_kernel_sizes"])),
        block_kernels=tuple(map(int, content["resblock_kernel_sizes"])),
        block_dilations=tuple(tuple(map(int, dilations)) for dilations in content["resblock_dilation_sizes"]),
        speakers=int(content.get("num_speakers", 200)) if content.get("multispkr") else 0,
        styles=int(content.get("num_styles", 100)) if content.get("multistyle") else 0,
        duration=duration and DurationConfig(duration["var_pred_hidden_dim"], duration["var_pred_kernel_size"]),
    )


def _check(config: GeneratorConfig, path: Path) -> None:
    """Raise DataError where the sizes do not fit together."""
    inputs = config.embedding * (1 + bool(config.speakers) + bool(config.styles))
    if config.inputs != inputs:
        raise DataError(f"model_in_dim is {config.inputs}; units, speaker and style have {inputs} dimensions", path)
    if len(config.rates) != len(config.kernels) or len(config.block_kernels) != len(config.block_dilations):
        raise DataError("lists of kernels, rates and dilations that are not equally long", path)
    if config.duration and config.duration.kernel != DURATION_KERNEL:
        raise DataError(f"a duration predictor with a kernel of {config.duration.kernel}, not {DURATION_KERNEL}", path)


def index_of(what: str, name: Optional[str], path: Optional[Path], count: int) -> int:
    """Number of a speaker or style.

    Args:
        what: "speaker" or "style".
        name: as in its file, or the number itself where there is no such file; None: the first.
        path: file with a name a line.
        count: how many the generator knows.

    Raises:
        AmelaError: there is none of that name, or the generator knows of no speakers or styles at all.
    """
    if not count:
        if name is not None:
            raise AmelaError(f"{what} {name!r}: this vocoder has no choice of it", None, f"set no {what}")
        return 0
    names = [line.strip() for line in path.read_text("utf-8").splitlines()] if path else list(map(str, range(count)))
    if len(names) > count:
        raise DataError(f"{len(names)} names for the {count} of the generator", path)
    if name is None:
        return 0
    if name not in names:
        raise AmelaError(f"no {what} {name!r}", path, f"choose one of {', '.join(names)}")
    return names.index(name)
