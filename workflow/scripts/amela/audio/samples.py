"""Sample values: float in [-1, 1] and 16-bit integers."""

from __future__ import annotations

import numpy as np

from amela.errors import Rejected

INT16_SCALE = 32_768  # int16 steps in 1.0


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Round floats to int16; what lies beyond ±1 is clipped, never wrapped. Any shape.

    Raises ValueError on samples that are no floats, or not finite.
    """
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"expected float samples in [-1, 1], not {samples.dtype}")
    if not np.isfinite(samples).all():
        raise ValueError("samples that are not finite (NaN or Inf)")
    scaled = samples * np.float32(INT16_SCALE)  # float32 at least: float16 has no 32,767
    return np.clip(np.rint(scaled), -INT16_SCALE, INT16_SCALE - 1).astype(np.int16)


def check_samples(samples_N: np.ndarray) -> None:
    """Raise Rejected unless there are samples, all of them finite."""
    if not len(samples_N):
        raise Rejected("no samples")
    if not np.isfinite(samples_N).all():
        raise Rejected("samples that are not finite")
