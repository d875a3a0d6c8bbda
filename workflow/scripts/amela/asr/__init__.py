"""Speech recognition backends, imported only when asked for: their dependencies never meet.

Standard library only at import: the rule files read ``BACKENDS``.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Union

from amela.errors import AmelaError, Rejected

if TYPE_CHECKING:
    import numpy as np

    from amela.checkpoints.receipt import Receipt


class Backend(NamedTuple):
    """Where a recogniser is, and what it needs."""

    module: str
    name: str  # of its class there
    environment: str  # workflow/envs/NAME.yaml


BACKENDS = {
    "canary-qwen": Backend("amela.asr.canary_qwen", "CanaryQwen", "asr-nemo"),
    "parakeet": Backend("amela.asr.parakeet", "Parakeet", "asr-nemo"),
    "pocketsphinx": Backend("amela.asr.sphinx", "PocketSphinx", "asr-pocketsphinx"),
}
NOT_OPTIONS = ("backend", "overwrite")  # keys of a recogniser's settings that its class does not take

LONGEST = 80  # characters of a text in a message

logger = logging.getLogger("asr")


class Word(NamedTuple):
    """A recognised word and where it is."""

    word: str
    start: float  # seconds into what was transcribed
    end: float

    def later(self, seconds: float) -> Word:
        """The word where what was transcribed begins so many seconds into something longer."""
        return Word(self.word, round(self.start + seconds, 3), round(self.end + seconds, 3))


class Transcript(NamedTuple):
    """What was understood; empty where nothing was."""

    text: str
    words: Optional[List[Word]] = None  # in the order of time; None: the recogniser knows no times


Outcome = Union[Transcript, Rejected]  # of a piece of speech: what was understood, or why nothing can be said of it


class Recogniser(Protocol):
    """Speech to words."""

    model: str  # what transcribes, with its version or a digest of its weights: "canary-qwen-2.5b@1a2b3c4d5e6f"
    device: Any  # what it computes on: "cpu", "cuda"
    max_seconds: float  # longer audio is cut before (amela.asr.pieces)
    batch_seconds: float  # padded seconds that the device takes well at a time; 0: one piece at a time

    def transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        """What was said in each of several pieces: of each what it gives alone, whatever was transcribed before.

        Args:
            batch: 16 kHz mono, float32 in [-1, 1], shape (N,) each, of 0.1 s to ``max_seconds``.

        Returns:
            Of each piece its transcript, or why there is none.

        Raises:
            DeviceFull: the batch is too large for the device.
        """
        ...


def excerpt(text: str) -> str:
    """A text as messages have it."""
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def backend_of(spec: Mapping[str, Any]) -> Backend:
    """The backend that ``spec["backend"]`` names. Raises AmelaError if it is unknown."""
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown asr backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    return BACKENDS[name]


def load_recogniser(spec: Mapping[str, Any], checkpoint: Optional[Receipt] = None, gpu: int = 0) -> Recogniser:
    """Build the backend named by ``spec["backend"]`` with the other keys as arguments.

    Args:
        checkpoint: files of its weights, for the backends that have any.
        gpu: GPUs that were asked for.

    Raises:
        AmelaError: the backend is unknown, or a GPU was asked for and cannot be used.
    """
    backend = backend_of(spec)
    if gpu:
        _check_gpu(backend)  # before minutes go into weights
    options = {key: value for key, value in spec.items() if key not in NOT_OPTIONS}
    if checkpoint is not None:
        options["checkpoint"] = checkpoint
    recogniser = getattr(importlib.import_module(backend.module), backend.name)(**options)
    logger.info("%s on %s", recogniser.model, recogniser.device)
    return recogniser


def _check_gpu(backend: Backend) -> None:
    from amela.device import best_device

    if best_device().type == "cpu":
        raise AmelaError(
            "a GPU was asked for and none can be used here", backend.module, "set gpu: 0, or ask for another node"
        )
