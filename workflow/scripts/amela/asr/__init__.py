"""Speech recognition backends, imported only when asked for: their dependencies never meet.

Standard library only at import: the rule files read ``BACKENDS``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, List, Mapping, NamedTuple, Protocol

from amela.errors import AmelaError

if TYPE_CHECKING:
    import numpy as np

BACKENDS = {"pocketsphinx": "amela.asr.sphinx:PocketSphinx"}


class Word(NamedTuple):
    """A recognised word and where it is."""

    word: str
    start: float  # seconds into the utterance
    end: float


class Recogniser(Protocol):
    """Speech to words."""

    def transcribe(self, samples_N: np.ndarray) -> List[Word]:
        """Words of one utterance, in the order of time; none where none was understood.

        Args:
            samples_N: 16 kHz mono, float32 in [-1, 1], shape (N,), of any length.

        Returns:
            Words that depend on these samples alone, not on what was transcribed before.
        """
        ...


def load_recogniser(spec: Mapping[str, Any]) -> Recogniser:
    """Build the backend named by ``spec["backend"]`` with the other keys as arguments."""
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown asr backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    module, _, attribute = BACKENDS[name].partition(":")
    options = {key: value for key, value in spec.items() if key != "backend"}
    return getattr(importlib.import_module(module), attribute)(**options)
