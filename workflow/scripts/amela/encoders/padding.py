"""Padding that never changes a result: what a frame of one utterance may see is its own frames and zeros."""

from __future__ import annotations

from typing import Optional, Sequence

import torch

# Shape legend: B = batch, T = frames, D = dimension.


def own_frames(frames: Sequence[int], device: torch.device) -> Optional[torch.Tensor]:
    """Which frames are an utterance's own, bool, shape (B, T) with T the most; None where all are.

    Without a mask attention may take its fastest kernel.
    """
    most = max(frames)
    if min(frames) == most:
        return None
    return torch.arange(most, device=device) < torch.tensor(frames, device=device)[:, None]


def zero_padding(x_BTD: torch.Tensor, own_BT: Optional[torch.Tensor]) -> torch.Tensor:
    """The same with zeros in padded frames: what a convolution sees beyond the end of an utterance alone."""
    return x_BTD if own_BT is None else x_BTD * own_BT[..., None]
