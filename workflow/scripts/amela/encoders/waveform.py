"""Waveforms as a model takes them: each normalised over its own samples, then padded to one length."""

from __future__ import annotations

from typing import List, Optional, Sequence

import numpy as np
import torch

# Shape legend: B = batch, N = samples.


def normalized(samples_N: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Zero mean and unit variance over the samples: ``(x - mean) / sqrt(variance + epsilon)``.

    fairseq's ``task.normalize`` has 1e-5, transformers' ``do_normalize`` 1e-7. Both moments are
    taken in double precision.
    """
    variance, mean = torch.var_mean(samples_N.double(), correction=0)
    return (samples_N - mean.float()) * (variance + epsilon).rsqrt().float()


def padded(batch: Sequence[np.ndarray], epsilon: Optional[float], device: torch.device) -> torch.Tensor:
    """Waveforms with zeros behind the shorter ones, float32, shape (B, N) with N that of the longest.

    Args:
        batch: waveforms, shape (N_i,) each.
        epsilon: of the normalisation; None: the waveforms stay as they are.
    """
    clips: List[torch.Tensor] = []
    for samples_N in batch:
        clip_N = torch.from_numpy(np.ascontiguousarray(samples_N, dtype=np.float32)).to(device)
        clips.append(clip_N if epsilon is None else normalized(clip_N, epsilon))
    return torch.nn.utils.rnn.pad_sequence(clips, batch_first=True)
