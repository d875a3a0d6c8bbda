"""Encoder backends, imported only when asked for: their dependencies never meet.

Standard library only at import: the rule files read ``BACKENDS``.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, Optional, Protocol, Sequence, Tuple

from amela.errors import AmelaError

if TYPE_CHECKING:
    import numpy as np

    from amela.checkpoints.receipt import Receipt

BACKENDS = {
    "mfcc": "amela.encoders.mfcc:MfccEncoder",
    "logmel": "amela.encoders.logmel:LogMelEncoder",
    "hf": "amela.encoders.hf:HuggingFaceEncoder",
    "fairseq": "amela.encoders.fairseq:FairseqEncoder",
    "textless": "amela.encoders.textless:TextlessEncoder",
}
NOT_OPTIONS = ("backend", "checkpoint", "normalize")  # keys of an encoder's settings that its class does not take

logger = logging.getLogger("encode")


class Encoder(Protocol):
    """Speech to one feature vector every ``hop`` seconds."""

    hop: float  # seconds
    dimension: int
    receptive_field: float  # seconds of waveform that the front end sees for one frame
    chunk: float  # seconds; longer utterances are encoded in stretches of this length (amela.units.chunks)
    overlap: float  # seconds at either end of such a stretch whose frames are thrown away
    device: Any  # what it computes on: "cpu", "cuda"
    batch_seconds: float  # padded seconds that the device takes well at a time; 0: one utterance at a time

    def frames(self, n_samples: int) -> int:
        """T: how many frames an utterance of N samples has; frame t covers ``[t·hop, (t+1)·hop)``."""
        ...

    def moments(self, blocks: Iterable[np.ndarray]) -> Any:
        """What its norms want to know of a whole utterance before a stretch of it is encoded.

        Args:
            blocks: the samples of the utterance, in consecutive blocks; not read where nothing is wanted.
        """
        ...

    def encode(self, batch: Sequence[np.ndarray], moments: Optional[Sequence[Any]] = None) -> List[Any]:
        """Features of several utterances or stretches, of each what it gives alone.

        Args:
            batch: 16 kHz mono, float32, shape (N,) each, that ``check`` has let pass.
            moments: of the utterance that each is a stretch of; None: it is the utterance.

        Returns:
            float32, shape (T, D) each, T = ``frames(N)``: NumPy arrays, or tensors on the
            device of the model. Not normalised.

        Raises:
            AmelaError: features that are not finite.
            DeviceFull: the batch is too large for the device.
        """
        ...

    def check(self, samples_N: np.ndarray) -> None:
        """Raise Rejected if an utterance cannot be encoded: too short, or samples that are not finite."""
        ...

    def array(self, values: np.ndarray) -> Any:
        """``values`` where the features are, of the same type, for arithmetic with them."""
        ...


def backend_of(spec: Mapping[str, Any]) -> Tuple[str, str]:
    """Module and class of ``spec["backend"]``. Raises AmelaError if it is unknown."""
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown encoder backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    module, _, attribute = BACKENDS[name].partition(":")
    return module, attribute


def load_encoder(
    spec: Mapping[str, Any], checkpoint: Optional[Receipt] = None, compile: bool = False, gpu: int = 0
) -> Encoder:
    """Build the backend named by ``spec["backend"]`` with the other keys as arguments.

    Args:
        checkpoint: files of its weights, for the backends that have any.
        compile: translate the model to code for this machine first: minutes, for some speed.
        gpu: GPUs that were asked for.

    Raises:
        AmelaError: the backend is unknown, or a GPU was asked for and cannot be used.
    """
    module, attribute = backend_of(spec)
    options = {key: value for key, value in spec.items() if key not in NOT_OPTIONS}
    if checkpoint is not None:
        options.update(checkpoint=checkpoint, compile=compile)
    encoder = getattr(importlib.import_module(module), attribute)(**options)
    if gpu and str(encoder.device) == "cpu":
        raise AmelaError("a GPU was asked for and none can be used here", module, "set gpu: 0, or ask for another node")
    logger.info("%s on %s", module, encoder.device)
    return encoder
