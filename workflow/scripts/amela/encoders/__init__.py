"""Encoder backends, imported only when asked for: their dependencies never meet.

Standard library only at import: the rule files read ``BACKENDS``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Mapping, Protocol, Tuple

from amela.errors import AmelaError

if TYPE_CHECKING:
    import numpy as np

BACKENDS = {
    "mfcc": "amela.encoders.mfcc:MfccEncoder",
    "logmel": "amela.encoders.logmel:LogMelEncoder",
}
NOT_OPTIONS = ("backend", "normalize")  # keys of an encoder's settings that its class does not take


class Encoder(Protocol):
    """Speech to one feature vector every ``hop`` seconds."""

    hop: float  # seconds
    dimension: int

    def encode(self, samples_N: np.ndarray) -> np.ndarray:
        """Features of one utterance.

        Args:
            samples_N: 16 kHz mono, float32, shape (N,).

        Returns:
            float32, shape (T, D) with T = ``frames.frame_count(N, hop)``; frame t covers
            ``[t·hop, (t+1)·hop)``. Not normalised.

        Raises:
            Rejected: there is nothing to encode.
        """
        ...


def backend_of(spec: Mapping[str, Any]) -> Tuple[str, str]:
    """Module and class of ``spec["backend"]``. Raises AmelaError if it is unknown."""
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown encoder backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    module, _, attribute = BACKENDS[name].partition(":")
    return module, attribute


def load_encoder(spec: Mapping[str, Any]) -> Encoder:
    """Build the backend named by ``spec["backend"]`` with the other keys as arguments."""
    module, attribute = backend_of(spec)
    options = {key: value for key, value in spec.items() if key not in NOT_OPTIONS}
    return getattr(importlib.import_module(module), attribute)(**options)
