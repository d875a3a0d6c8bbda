"""Where a frame stands, as the models learn it: convolutions over the neighbours, and WavLM's relative bias.

The convolutions are as wide as 128 frames: by Fourier transforms they take a tenth of the time
and err no more than float32 does otherwise.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import nn
from torch.nn import functional as F

from amela.encoders.padding import zero_padding

# Shape legend: B = batch, T = frames, D = dimension, H = heads; of a transform: L = length, S = spectrum;
# of a convolution: K = kernel, G = groups, I = channels in, O = channels out of a group.


class WideConvolution(nn.Module):
    """Grouped convolution that keeps the number of frames, with zeros on both sides (overlap-save)."""

    def __init__(self, conv: nn.Conv1d) -> None:
        """``conv``: with a padding of half its kernel. Of an even kernel the last frame too many is left out."""
        super().__init__()
        self.kernel, self.groups = conv.kernel_size[0], conv.groups
        self.length = 2 ** (2 * self.kernel - 1).bit_length()  # of transforms: half of each is result
        weight_GOIK = conv.weight.detach().unflatten(0, (self.groups, -1)).double()
        spectrum_SGIO = torch.fft.rfft(weight_GOIK, n=self.length).conj().permute(3, 0, 2, 1)
        spectrum = spectrum_SGIO.to(torch.complex64).flatten(0, 1).contiguous()
        self.register_buffer("spectrum", spectrum, persistent=False)
        self.bias = conv.bias

    def forward(self, x_BDT: torch.Tensor) -> torch.Tensor:
        n_frames, new = x_BDT.shape[2], self.length - self.kernel + 1
        n_transforms = -(-n_frames // new)
        before = self.kernel // 2
        behind = n_transforms * new + self.kernel - 1 - before - n_frames
        stretches = F.pad(x_BDT, (before, behind)).unfold(2, self.length, new)
        x = torch.fft.rfft(stretches).unflatten(1, (self.groups, -1)).permute(4, 1, 0, 3, 2)  # (S, G, B, n, I)
        y = torch.bmm(x.flatten(2, 3).flatten(0, 1), self.spectrum).view(x.shape)
        stretches = torch.fft.irfft(y.permute(2, 1, 4, 3, 0).flatten(1, 2), n=self.length)[..., :new]
        return stretches.flatten(2)[..., :n_frames] + self.bias[:, None]


class PositionalConvolution(nn.Module):
    """One wide convolution (HuBERT, wav2vec 2.0, WavLM) or several (Data2Vec), each over frames and zeros."""

    def __init__(self, source: nn.Module) -> None:
        """``source``: the positional embedding of a transformers model."""
        super().__init__()
        self.batch_norm = getattr(source, "batch_norm", None)
        layers = getattr(source, "layers", [source])
        self.convolutions = nn.ModuleList(WideConvolution(layer.conv) for layer in layers)  # weight norm taken once
        self.norms = nn.ModuleList(getattr(layer, "layer_norm", nn.Identity()) for layer in layers)
        self.activation = layers[0].activation

    def forward(self, x_BTD: torch.Tensor, own_BT: Optional[torch.Tensor]) -> torch.Tensor:
        """What is to be added to frames (B, T, D) whose padding is zero."""
        y_BTD = x_BTD
        if self.batch_norm is not None:  # of zeros it makes something else
            y_BTD = zero_padding(self.batch_norm(y_BTD.transpose(1, 2)).transpose(1, 2), own_BT)
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            y_BTD = zero_padding(y_BTD, own_BT if number else None)
            y_BTD = self.activation(norm(convolution(y_BTD.transpose(1, 2)).transpose(1, 2)))
        return y_BTD


class RelativeBias(nn.Module):
    """WavLM's bias of attention by distance, shared by all blocks."""

    def __init__(self, source: nn.Module) -> None:
        """``source``: attention of the first block of a transformers WavLM, which holds the biases."""
        super().__init__()
        self.embedding = source.rel_attn_embed  # what ``compute_bias`` reads: goes where the model goes
        self._bias = source.compute_bias

    def forward(self, n_frames: int) -> torch.Tensor:
        """Bias of each head from query i to key j, shape (H, T, T)."""
        before_HT = self._bias(n_frames, 1)[:, :, 0]  # distances 0 to -(T - 1)
        after_HT = self._bias(1, n_frames)[:, 0]
        by_distance = torch.cat([before_HT.flip(1), after_HT[:, 1:]], dim=1)  # -(T - 1) to T - 1
        return by_distance.unfold(1, n_frames, 1).flip(1)
