"""Confidence intervals of rates, by resampling whom they were measured on."""

from __future__ import annotations

from typing import Callable, Optional

import numpy as np
from scipy.stats import bootstrap

CONFIDENCE = 0.95
RESAMPLES, LEAST_RESAMPLES = 10_000, 1_000
MOST_DRAWS = 10**8  # resamples × speakers, as long as there are LEAST_RESAMPLES
DRAWS_AT_ONCE = 10**6  # 16 MB
SEED = 0

Rates = Callable[[np.ndarray], np.ndarray]  # sums (C, B) → rates (R, B)


def intervals(counts_UC: np.ndarray, rates: Rates) -> Optional[np.ndarray]:
    """Percentile intervals (95 %) of ratios of sums over independent units: speakers, or recordings.

    Units are drawn with replacement, as many as there are; what is said by one speaker stays together, as
    utterances of one speaker are alike. All rates are of the same draws, so that a difference of rates is
    paired. Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 13.

    Args:
        counts_UC: integers of each unit; sums of draws must stay below 2**53.
        rates: function of sums, shape (C, B) → (R, B).

    Returns:
        Low and high of each rate, shape (R, 2); None of fewer than two units, which cannot tell how
        units differ.
    """
    units = len(counts_UC)
    if units < 2:
        return None

    def rates_of(drawn_BU: np.ndarray, axis: int) -> np.ndarray:
        # How often each unit was drawn, times its counts: the sums, without a copy of counts for each draw.
        offsets_B1 = units * np.arange(len(drawn_BU))[:, None]
        times = np.bincount((drawn_BU + offsets_B1).ravel(), minlength=drawn_BU.size)
        return rates((times.reshape(drawn_BU.shape) @ counts_UC.astype(np.float64)).T)

    found = bootstrap(
        (np.arange(units),),
        rates_of,
        n_resamples=int(np.clip(MOST_DRAWS // units, LEAST_RESAMPLES, RESAMPLES)),
        batch=max(1, DRAWS_AT_ONCE // units),
        vectorized=True,
        axis=-1,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return np.stack([found.low, found.high], axis=1)
