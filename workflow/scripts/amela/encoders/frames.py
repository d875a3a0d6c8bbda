"""How many frames an utterance has: one formula for encoders, units and resynthesis."""

from __future__ import annotations

from amela.audio import SAMPLE_RATE
from amela.errors import AmelaError


def hop_samples(hop: float) -> int:
    """Samples between two frames. Raises AmelaError unless ``hop`` (s) is a whole, even number of them."""
    samples = round(hop * SAMPLE_RATE)
    if samples < 2 or samples % 2 or abs(samples - hop * SAMPLE_RATE) > 1e-6:
        raise AmelaError(f"a hop of {hop} s is no whole, even number of samples at {SAMPLE_RATE} Hz")
    return samples


def frame_count(n_samples: int, hop: float) -> int:
    """T = ceil(N / hop): frame t covers ``[t·hop, (t+1)·hop)``, and the last one may reach beyond the end."""
    return -(-n_samples // hop_samples(hop))
