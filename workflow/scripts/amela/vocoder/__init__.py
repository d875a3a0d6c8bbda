"""Vocoder backends, imported only when asked for: units back to speech.

Standard library only at import: the rule files read ``BACKENDS``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Protocol

from amela.errors import AmelaError

if TYPE_CHECKING:
    import numpy as np

BACKENDS = {"griffinlim": "amela.vocoder.griffinlim:GriffinLimVocoder"}
NOT_OPTIONS = ("backend", "codebook", "train_on", "train_hours")  # keys of a vocoder's settings for its training


class Vocoder(Protocol):
    """Units to speech of the same duration."""

    hop: float  # seconds a unit
    fingerprint: Dict[str, Any]  # of the units that it understands

    def synthesise(self, units_T: np.ndarray, n_samples: int, name: str) -> np.ndarray:
        """Speech of one utterance.

        Args:
            units_T: one unit a frame, run lengths kept, shape (T,).
            n_samples: length N of the natural utterance at 16 kHz.
            name: id of the utterance. Whatever is random depends on it and on the seed alone,
                so that neither order nor an interruption changes a result.

        Returns:
            float32 (N,), within ±1.

        Raises:
            Rejected: there are no units.
            DataError: the units do not last as long as the utterance.
        """
        ...


def load_vocoder(spec: Mapping[str, Any], model: Path) -> Vocoder:
    """Build the backend named by ``spec["backend"]`` on its trained ``model``, with the other keys as arguments."""
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown vocoder backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    module, _, attribute = BACKENDS[name].partition(":")
    options = {key: value for key, value in spec.items() if key not in NOT_OPTIONS}
    return getattr(importlib.import_module(module), attribute)(model, **options)


def is_log_mel(encoder: Mapping[str, Any]) -> bool:
    """Whether an encoder's codebook already is what a mel vocoder inverts."""
    return encoder["backend"] == "logmel" and encoder["normalize"] == "none"
