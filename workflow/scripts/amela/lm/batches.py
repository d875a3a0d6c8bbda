"""Sequences to padded batches.

Shapes: B sequences of a batch, T time steps.
"""

from __future__ import annotations

from typing import Iterable, List, Sequence, Tuple

import numpy as np
import torch

PIECE = 1024  # predictions: longest stretch that gradients flow through, about 20 s of units at 50 Hz


def cut_pieces(sequences: Iterable[np.ndarray], piece: int = PIECE) -> List[np.ndarray]:
    """Cut framed sequences (N,) into stretches of at most ``piece`` predictions, for training.

    A stretch begins with the last symbol of the one before, so that every symbol is
    predicted exactly once; no state is carried across a cut. (Scores never cut.)
    """
    return [seq[start : start + piece + 1] for seq in sequences for start in range(0, len(seq) - 1, piece)]


def length_batches(lengths: Sequence[int], size: int) -> List[np.ndarray]:
    """Indices of each batch: neighbours in length together, so that little is padding."""
    order = np.argsort(np.asarray(lengths), kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def pad_batch(sequences: Sequence[np.ndarray], padding: int, device: torch.device) -> Tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets (B, T) of framed sequences: the target is the symbol after the input.

    No sequence gives a row of padding: a process without a share of a batch still takes part in its step.
    """
    padded = np.full((max(1, len(sequences)), max(map(len, sequences), default=2)), padding, dtype=np.int64)
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    symbols_BT = torch.from_numpy(padded).to(device)
    # A last symbol is input only where another sequence is longer: there its target is padding.
    return symbols_BT[:, :-1], symbols_BT[:, 1:]
