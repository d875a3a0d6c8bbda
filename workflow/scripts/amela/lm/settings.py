"""Settings of one language model: a point of its grid, and how it is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict


@dataclass(frozen=True)
class LMSettings:
    """Hyper-parameters, as the configuration names them."""

    tokens: str  # units, motifs
    embedding: int
    hidden: int
    layers: int
    dropout: float
    lr: float
    batch: int  # sequences a step
    epochs: int  # at most
    patience: int  # epochs without a better validation loss before training stops
    valid: float  # share of the duration
    test: float  # share of the duration
    seed: int
    deduplicate: bool = False  # units: a run of one unit counts as one token

    def to_dict(self) -> Dict[str, Any]:
        """Plain values."""
        return asdict(self)
