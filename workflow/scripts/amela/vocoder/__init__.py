"""Vocoder backends, imported only when asked for: units back to speech.

Standard library only at import: the rule files read ``BACKENDS``.
"""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Protocol, Sequence

from amela.errors import AmelaError

if TYPE_CHECKING:
    import numpy as np

BACKENDS = {
    "griffinlim": "amela.vocoder.griffinlim:GriffinLimVocoder",
    "codehifigan": "amela.vocoder.codehifigan:CodeHifiganVocoder",
    "textless": "amela.vocoder.textless:TextlessVocoder",
}
PRETRAINED = ("codehifigan", "textless")  # with weights from elsewhere, for a codebook that may be, too
# keys of a vocoder's settings for its training, or that change no result
NOT_OPTIONS = ("backend", "codebook", "train_on", "train_hours", "checkpoint", "gpu", "batch_seconds")

logger = logging.getLogger("vocoder")


class Item(NamedTuple):
    """What one utterance is made of."""

    units_T: np.ndarray  # one unit a frame, run lengths kept, shape (T,)
    n_samples: int  # length N of the natural utterance at 16 kHz
    name: str  # its id; whatever is random depends on it and on the seed alone, never on the order of items


class Origin(NamedTuple):
    """The codebook that a pretrained vocoder is asked to speak for."""

    codebook: Path
    receipt: Optional[Path] = None  # of the codebook's file, where it was not fitted here


class Vocoder(Protocol):
    """Units to speech of the same duration, or of a predicted one."""

    hop: float  # seconds a unit
    fingerprint: Dict[str, Any]  # of the units that it understands
    device: Any  # what it computes on: "cpu", "cuda"
    batch_seconds: float  # padded speech of a batch; 0: one utterance at a time

    def check(self, item: Item) -> None:
        """Look at what will be synthesised.

        Raises:
            Rejected: there are no units.
            DataError: the units do not last as long as the utterance.
        """
        ...

    def synthesise(self, batch: Sequence[Item]) -> List[np.ndarray]:
        """Speech of several utterances that were checked, of each what it gives alone.

        Returns:
            float32 (N,) each, within ±1.
        """
        ...


def load_vocoder(
    spec: Mapping[str, Any], model: Path, origin: Optional[Origin] = None, batch_seconds: float = 0.0, gpu: int = 0
) -> Vocoder:
    """Build the backend named by ``spec["backend"]`` with the other keys as arguments.

    Args:
        spec: settings of the vocoder.
        model: what ``vocoder_train`` wrote; of a pretrained vocoder the receipt of its checkpoint.
        origin: codebook of the units, for a pretrained vocoder.
        batch_seconds: padded speech of a batch, for a pretrained vocoder; 0: as it would have it.
        gpu: GPUs that were asked for.

    Raises:
        AmelaError: the backend is unknown or wants a codebook, or a GPU was asked for and cannot be used.
    """
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown vocoder backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    module, _, attribute = BACKENDS[name].partition(":")
    options = {key: value for key, value in spec.items() if key not in NOT_OPTIONS}
    if name in PRETRAINED:
        if origin is None:
            raise AmelaError(f"vocoder backend {name} wants the codebook that its units are of")
        options.update(origin=origin, batch_seconds=batch_seconds)
    vocoder = getattr(importlib.import_module(module), attribute)(model, **options)
    if gpu and str(vocoder.device) == "cpu":
        raise AmelaError(f"gpu: {gpu}, and no GPU can be used here", module, "set gpu: 0, or ask for another node")
    logger.info("%s on %s", module, vocoder.device)
    return vocoder


def is_log_mel(encoder: Mapping[str, Any]) -> bool:
    """Whether an encoder's codebook already is what a mel vocoder inverts."""
    return encoder["backend"] == "logmel" and encoder["normalize"] == "none"
