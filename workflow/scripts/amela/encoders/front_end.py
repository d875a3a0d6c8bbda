"""The strided convolutions that turn a waveform into frames, exact for padded batches and bounded in memory.

Channels are the last axis, so that a convolution is one matrix product over windows. The group
norm behind the first convolution of HuBERT base and its kin takes its moments over the whole
utterance; they follow from the covariance of the windows of the waveform, and become part of the
convolution's weights. What is left is local, and runs in stretches that fit into the caches.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import torch
from torch import nn
from torch.nn import functional as F

from amela.encoders.moments import Moments, MomentSums

# Shape legend: B = batch, N = samples, T = frames, K = kernel, I = channels in, C = channels out.

STRETCH = {"cpu": 2**21, "cuda": 2**27}  # values that the first convolution may put out at a time


class Convolution(nn.Module):
    """One convolution over frames with its layer norm, where it has one, and its activation."""

    def __init__(self, source: nn.Module) -> None:
        """``source``: a convolution layer of a transformers model."""
        super().__init__()
        conv = source.conv
        self.kernel, self.stride = conv.kernel_size[0], conv.stride[0]
        self.weight = nn.Parameter(conv.weight.detach().permute(0, 2, 1).flatten(1).contiguous(), requires_grad=False)
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach(), requires_grad=False)
        norm = getattr(source, "layer_norm", None)
        self.group_norm = norm if isinstance(norm, nn.GroupNorm) else None
        self.layer_norm = norm if isinstance(norm, nn.LayerNorm) else None
        self.activation = source.activation

    def frames(self, n_before: int) -> int:
        """How many frames it makes of so many."""
        return max(0, (n_before - self.kernel) // self.stride + 1)

    def windows(self, x_BTI: torch.Tensor) -> torch.Tensor:
        """What each frame is made of, shape (B, T, K·I)."""
        windows_BTIK = x_BTI.unfold(1, self.kernel, self.stride)
        return windows_BTIK.transpose(2, 3).flatten(2)

    def forward(self, x_BTI: torch.Tensor) -> torch.Tensor:
        return self.finish(F.linear(self.windows(x_BTI), self.weight, self.bias))

    def finish(self, x_BTC: torch.Tensor) -> torch.Tensor:
        """Norm and activation."""
        return self.activation(x_BTC if self.layer_norm is None else self.layer_norm(x_BTC))

    def normalizing(self, moments: Moments) -> Tuple[torch.Tensor, torch.Tensor]:
        """Weights (K, C) and bias (C,) for one utterance, its group norm included.

        Over the windows w of the waveform a channel with weights v has mean v·E[w] and variance
        v·Cov[w]·v, taken in double precision; a bias of the convolution cancels out.
        """
        norm, weight_CK = self.group_norm, self.weight.double()
        variance_C = ((weight_CK @ moments.window_covariance_KK) * weight_CK).sum(1)
        gain_C = (variance_C + norm.eps).rsqrt() * norm.weight.double()
        bias_C = norm.bias.double() - gain_C * (weight_CK @ moments.window_mean_K)
        return (weight_CK * gain_C[:, None]).T.float(), bias_C.float()

    def first(self, waveform_BN: torch.Tensor, weight_BKC: torch.Tensor, bias_B1C: torch.Tensor) -> torch.Tensor:
        """This convolution, as the first, with weights of each utterance."""
        return self.finish(torch.baddbmm(bias_B1C, waveform_BN.unfold(1, self.kernel, self.stride), weight_BKC))


class FrontEnd(nn.Module):
    """Waveforms to frames."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        """``layers``: the convolution layers of a transformers model."""
        super().__init__()
        self.layers = nn.ModuleList(Convolution(layer) for layer in layers)
        self.hop, self.receptive_field = 1, 1  # samples
        for layer in self.layers:
            self.receptive_field += (layer.kernel - 1) * self.hop
            self.hop *= layer.stride

    def frames(self, n_samples: int) -> int:
        """Frames of so many samples."""
        for layer in self.layers:
            n_samples = layer.frames(n_samples)
        return n_samples

    def sums(self, device: torch.device) -> MomentSums:
        """To gather the moments of an utterance as the first convolution sees it."""
        return MomentSums(self.layers[0].kernel, self.layers[0].stride, device)

    def forward(self, waveform_BN: torch.Tensor, moments: Sequence[Moments]) -> torch.Tensor:
        """Frames, shape (B, T, C), of waveforms with anything behind them, and with the moments of their utterances."""
        weights = self._first_weights(moments)
        n_frames, first = self.frames(waveform_BN.shape[1]), self.layers[0]
        values = len(waveform_BN) * self.hop // first.stride * len(first.weight)  # of the first layer, a frame
        step = max(1, STRETCH[waveform_BN.device.type] // values)
        stretches: List[torch.Tensor] = []
        for start in range(0, n_frames, step):
            end = (min(start + step, n_frames) - 1) * self.hop + self.receptive_field
            x = first.first(waveform_BN[:, start * self.hop : end], *weights)
            for layer in self.layers[1:]:
                x = layer(x)
            stretches.append(x)
        return torch.cat(stretches, dim=1)

    def _first_weights(self, moments: Sequence[Moments]) -> Tuple[torch.Tensor, torch.Tensor]:
        """Weights (B, K, C) and bias (B, 1, C) of the first convolution for each utterance."""
        first = self.layers[0]
        if first.group_norm is not None:
            own = [first.normalizing(each) for each in moments]
            return torch.stack([weight_KC for weight_KC, _ in own]), torch.stack([bias_C[None] for _, bias_C in own])
        bias_C = first.weight.new_zeros(len(first.weight)) if first.bias is None else first.bias
        return first.weight.T.expand(len(moments), -1, -1), bias_C.expand(len(moments), 1, -1)
