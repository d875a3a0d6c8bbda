"""Weights of a unit HiFi-GAN: read without executing anything, strictly, with weight norm folded in."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Mapping

import torch

from amela.errors import DataError
from amela.vocoder.hifigan_checkpoint import GeneratorConfig
from amela.vocoder.hifigan_generator import Generator

NAMED = 5  # keys that a message names; it counts the others


def load_generator(path: Path, config: GeneratorConfig) -> Generator:
    """A generator with the weights of a checkpoint, to speak with.

    Raises:
        DataError: no such checkpoint, one that holds anything but tensors and plain values, or
            one whose weights are not all of those that the configuration wants, in its shapes.
    """
    generator = Generator(config)
    weights = fold(_read(path), path)
    wanted = generator.state_dict()
    wrong = [
        *(f"{key} is missing" for key in sorted(wanted.keys() - weights.keys())),
        *(f"{key} is not wanted" for key in sorted(weights.keys() - wanted.keys())),
        *(
            f"{key} has shape {tuple(weights[key].shape)}, not {tuple(wanted[key].shape)}"
            for key in sorted(wanted.keys() & weights.keys())
            if weights[key].shape != wanted[key].shape
        ),
    ]
    if wrong:
        more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        raise DataError(f"not the weights that its configuration wants: {'; '.join(wrong[:NAMED])}{more}", path)
    generator.load_state_dict(weights)
    return generator.eval().requires_grad_(False)


def _read(path: Path) -> Mapping[str, torch.Tensor]:
    """The generator's tensors, float32."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or crafted file may bring up any
        raise DataError(f"no checkpoint that can be read safely: {error}".splitlines()[0], path) from error
    weights = content.get("generator") if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise DataError("a checkpoint without a generator", path)
    return {key: value.float() for key, value in weights.items()}


def fold(weights: Mapping[str, torch.Tensor], where: object) -> Dict[str, torch.Tensor]:
    """Weight norm taken out (Salimans and Kingma 2016): ``weight = g · v / |v|``, norms over all but the first axis.

    Raises DataError for a direction without its norm.
    """
    folded = {key: value for key, value in weights.items() if not key.endswith(("weight_g", "weight_v"))}
    for key, direction in weights.items():
        if key.endswith("weight_v"):
            norm = weights.get(f"{key[:-1]}g")
            if norm is None:
                raise DataError(f"{key} without {key[:-1]}g", where)
            length = direction.flatten(1).norm(dim=1).view(-1, *[1] * (direction.dim() - 1))
            folded[key[: -len("_v")]] = direction * (norm / length)
    return folded
