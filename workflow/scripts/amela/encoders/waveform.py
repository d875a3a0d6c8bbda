"""Waveforms as a model takes them: each normalised over its whole utterance, then padded to one length."""

from __future__ import annotations

from typing import Optional, Sequence

import torch

from amela.encoders.moments import Moments

# Shape legend: B = batch, N = samples.


def normalized(samples_N: torch.Tensor, moments: Moments, epsilon: float) -> torch.Tensor:
    """``(x - mean) / sqrt(variance + epsilon)``; fairseq's ``task.normalize`` has 1e-5, transformers' 1e-7.

    Args:
        moments: of the whole utterance.
    """
    return (samples_N - moments.mean.float()) * (moments.variance + epsilon).rsqrt().float()


def padded(clips: Sequence[torch.Tensor], moments: Sequence[Moments], epsilon: Optional[float]) -> torch.Tensor:
    """Waveforms with zeros behind the shorter ones, float32, shape (B, N) with N that of the longest.

    Args:
        clips: waveforms, shape (N_i,) each.
        moments: of the utterance of each.
        epsilon: of the normalisation; None: the waveforms stay as they are.
    """
    if epsilon is not None:
        clips = [normalized(clip_N, of, epsilon) for clip_N, of in zip(clips, moments)]
    return torch.nn.utils.rnn.pad_sequence(list(clips), batch_first=True)
