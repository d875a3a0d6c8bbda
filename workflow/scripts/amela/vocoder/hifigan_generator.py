"""The generator of a unit HiFi-GAN: units, a speaker and a style to a waveform.

Kong et al. 2020 (generator with multi-receptive-field fusion); Polyak et al. 2021 (units and
speaker as input); Lee et al. 2022 (durations). Modules have the names of the checkpoints'.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from amela.vocoder.hifigan_checkpoint import DurationConfig, GeneratorConfig

# Shape legend: B = sequences of a batch, T = units, C = channels, L = steps at the rate of a stage, N = samples.

SLOPE = 0.1  # of the leaky rectifiers, but the last
LAST_SLOPE = 0.01
EDGE_KERNEL = 7  # steps, of the first and the last convolution


class Tails(NamedTuple):
    """Padding of a batch at one rate: what lies behind the end of each sequence."""

    start: int  # the shortest ends here
    mask_BL: torch.Tensor  # bool, true behind the end; L counts from ``start``


def tails(lengths: Sequence[int], longest: int, device: torch.device) -> Optional[Tails]:
    """Padding of sequences of these lengths in a batch of ``longest`` steps; None where there is none."""
    start = min(lengths)
    if start == longest:
        return None
    steps_L = torch.arange(start, longest, device=device)
    return Tails(start, steps_L >= torch.tensor(lengths, device=device)[:, None])


def silence(x_BCL: torch.Tensor, padding: Optional[Tails]) -> torch.Tensor:
    """Put zeros behind the ends, in place: what a convolution sees behind the end of a single sequence."""
    if padding is not None:
        x_BCL[..., padding.start :].masked_fill_(padding.mask_BL[:, None], 0.0)
    return x_BCL


def same(channels: int, outputs: int, kernel: int, dilation: int = 1) -> nn.Conv1d:
    """Convolution that keeps the length."""
    return nn.Conv1d(channels, outputs, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2)


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair with a residual connection."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(same(channels, channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(same(channels, channels, kernel) for _ in dilations)

    def forward(self, x_BCL: torch.Tensor, padding: Optional[Tails]) -> torch.Tensor:
        for dilated, plain in zip(self.convs1, self.convs2):
            y_BCL = silence(dilated(F.leaky_relu(x_BCL, SLOPE)), padding)
            x_BCL = x_BCL + silence(plain(F.leaky_relu_(y_BCL, SLOPE)), padding)
        return x_BCL


class DurationPredictor(nn.Module):
    """How many frames each of a sequence of units without repeats lasts."""

    def __init__(self, embedding: int, config: DurationConfig) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(same(embedding, config.hidden, config.kernel), nn.ReLU())
        self.ln1 = nn.LayerNorm(config.hidden)
        self.conv2 = nn.Sequential(same(config.hidden, config.hidden, config.kernel), nn.ReLU())
        self.ln2 = nn.LayerNorm(config.hidden)
        self.proj = nn.Linear(config.hidden, 1)

    def forward(self, units_BTC: torch.Tensor) -> torch.Tensor:
        """Frames, at least 1, int64 (B, T), of embedded units (B, T, C)."""
        x_BTC = self.ln1(self.conv1(units_BTC.transpose(1, 2)).transpose(1, 2))
        x_BTC = self.ln2(self.conv2(x_BTC.transpose(1, 2)).transpose(1, 2))
        log_frames_BT = self.proj(x_BTC).squeeze(2)
        return (log_frames_BT.exp() - 1).round().long().clamp(min=1)


class Generator(nn.Module):
    """Units, a speaker and a style to speech."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.dict = nn.Embedding(config.k, config.embedding)
        self.spkr = nn.Embedding(config.speakers, config.embedding) if config.speakers else None
        self.style = nn.Embedding(config.styles, config.embedding) if config.styles else None
        self.dur_predictor = DurationPredictor(config.embedding, config.duration) if config.duration else None
        self.conv_pre = same(config.inputs, config.channels, EDGE_KERNEL)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for stage, (rate, kernel) in enumerate(zip(config.rates, config.kernels)):
            channels = config.channels // 2**stage
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2))
            self.resblocks.extend(
                ResidualBlock(channels // 2, size, dilations)
                for size, dilations in zip(config.block_kernels, config.block_dilations)
            )
        self.conv_post = same(config.channels // 2 ** len(config.rates), 1, EDGE_KERNEL)

    def forward(self, units_BT: torch.Tensor, lengths: Sequence[int], speaker: int = 0, style: int = 0) -> torch.Tensor:
        """Speech (B, N) of padded sequences of ``lengths`` units, of each what it gives alone.

        What stands behind the end of a shorter one is undefined.
        """
        voice = [table.weight[index] for table, index in ((self.spkr, speaker), (self.style, style)) if table]
        parts = [self.dict(units_BT), *(vector_C.expand(*units_BT.shape, -1) for vector_C in voice)]
        x_BCL = torch.cat(parts, dim=2).transpose(1, 2)
        lengths = list(lengths)
        padding = tails(lengths, units_BT.shape[1], units_BT.device)
        x_BCL = silence(self.conv_pre(silence(x_BCL.contiguous(), padding)), padding)
        for up, blocks in zip(self.ups, self._stages()):
            x_BCL = up(F.leaky_relu(x_BCL, SLOPE))
            lengths = [upsampled(length, up) for length in lengths]
            padding = tails(lengths, x_BCL.shape[2], x_BCL.device)
            silence(x_BCL, padding)
            x_BCL = sum(block(x_BCL, padding) for block in blocks) / len(blocks)
        return torch.tanh(self.conv_post(F.leaky_relu(x_BCL, LAST_SLOPE))).squeeze(1)

    def _stages(self) -> List[Sequence[ResidualBlock]]:
        """Residual blocks of each stage."""
        each = len(self.config.block_kernels)
        return [self.resblocks[start : start + each] for start in range(0, len(self.resblocks), each)]

    def context(self) -> int:
        """Units on either side that a unit's samples depend on."""
        widest = max(sum(reach(conv) for conv in (*block.convs1, *block.convs2)) for block in self._stages()[0])
        steps = reach(self.conv_post)
        for up in reversed(self.ups):
            steps = (steps + widest + up.kernel_size[0] - 1 - up.padding[0]) // up.stride[0]
        return steps + reach(self.conv_pre)


def reach(conv: nn.Conv1d) -> int:
    """Steps on either side that a convolution sees."""
    return conv.dilation[0] * (conv.kernel_size[0] - 1) // 2


def upsampled(length: int, up: nn.ConvTranspose1d) -> int:
    """Steps that a transposed convolution makes of ``length``; one more than rate · length where it is uneven."""
    return (length - 1) * up.stride[0] - 2 * up.padding[0] + up.kernel_size[0]
