"""How long units last, and the utterance that they are of."""

from __future__ import annotations

import numpy as np

from amela.encoders.frames import frame_count
from amela.errors import DataError, Rejected
from amela.vocoder import Item

MAX_MISSING = 2  # frames that an encoder with a wide window may leave out at the end


def check_duration(item: Item, hop: float) -> None:
    """See ``amela.vocoder.Vocoder.check``; ``hop`` in seconds a unit."""
    if not len(item.units_T):
        raise Rejected("no units")
    expected = frame_count(item.n_samples, hop)
    if abs(len(item.units_T) - expected) > MAX_MISSING:
        raise DataError(f"{len(item.units_T)} units for {item.n_samples} samples, expected {expected}", item.name)


def fit(samples_N: np.ndarray, n_samples: int) -> np.ndarray:
    """Speech cut to ``n_samples``, or continued with silence; float32."""
    fitted_N = np.zeros(n_samples, dtype=np.float32)
    kept_N = samples_N[:n_samples]
    fitted_N[: len(kept_N)] = kept_N
    return fitted_N
