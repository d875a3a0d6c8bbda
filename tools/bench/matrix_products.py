"""The matrix products that a speech model is made of: how many operations they are, and how fast they run bare.

What a network does beside them (norms, activations, memory) can be made cheaper; the products
cannot, but for tricks (Fourier transforms for the wide convolution). The time that they take alone
is the ceiling.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Dict, List

import torch

# Shape legend: T = frames, D = dimension, H = heads, F = of the feed-forward layer, K = kernel, G = groups.


@dataclass(frozen=True)
class Product:
    """``count`` products of an (m, k) with a (k, n) matrix."""

    part: str  # of the model
    m: int
    k: int
    n: int
    count: int = 1

    @property
    def flops(self) -> int:
        """Operations: a multiplication and an addition for each of m · k · n."""
        return 2 * self.m * self.k * self.n * self.count


def products(config: Any, layers: int, n_samples: int) -> List[Product]:
    """Those of one utterance through a HuBERT or wav2vec 2.0 (Baevski et al. 2020, section 2).

    A convolution is the product of its windows (T, K·C_in) with its weights. A block has four
    projections (T, D) × (D, D), two products (T, D) × (D, F) and, a head, queries with keys and
    weights with values, (T, D/H) × (D/H, T) and (T, T) × (T, D/H).

    Args:
        config: of a transformers model.
        layers: blocks that are computed.
        n_samples: of the waveform.
    """
    made, n_frames, channels = [], n_samples, 1
    for width, kernel, stride in zip(config.conv_dim, config.conv_kernel, config.conv_stride):
        n_frames = (n_frames - kernel) // stride + 1
        made.append(Product("front end", n_frames, kernel * channels, width))
        channels = width
    dimension, groups, heads = config.hidden_size, config.num_conv_pos_embedding_groups, config.num_attention_heads
    width, head = config.intermediate_size, dimension // heads
    # of an even kernel all but the last frame are used, so that one more is counted nowhere
    wide = config.num_conv_pos_embeddings * dimension // groups
    return [
        *made,
        Product("projection", n_frames, channels, dimension),
        Product("positions", n_frames, wide, dimension // groups, groups),
        Product("blocks", n_frames, dimension, dimension, 4 * layers),
        Product("blocks", n_frames, dimension, width, layers),
        Product("blocks", n_frames, width, dimension, layers),
        Product("attention", n_frames, head, n_frames, heads * layers),
        Product("attention", n_frames, n_frames, head, heads * layers),
    ]


def by_part(config: Any, layers: int, lengths: List[int]) -> Dict[str, int]:
    """Operations of each part of the model, over utterances of so many samples."""
    total: Dict[str, int] = {}
    for n_samples in lengths:
        for product in products(config, layers, n_samples):
            total[product.part] = total.get(product.part, 0) + product.flops
    return total


class Ceiling:
    """Rate of the blocks' matrix products, bare."""

    def __init__(self, config: Any, n_frames: int, dtype: torch.dtype, device: torch.device) -> None:
        """``n_frames``: rows of the products."""
        dimension, width = config.hidden_size, config.intermediate_size
        self._device, self._pairs = device, []
        for k, n in ((dimension, 3 * dimension), (dimension, dimension), (dimension, width), (width, dimension)):
            left = torch.randn(n_frames, k, dtype=dtype, device=device)
            weight = torch.randn(n, k, dtype=dtype, device=device)  # as a linear layer keeps it
            self._pairs.append((left, weight.T, torch.empty(n_frames, n, dtype=dtype, device=device)))
            torch.mm(*self._pairs[-1][:2])  # what a library sets up once
        self._flops = sum(2 * left.numel() * weight.shape[1] for left, weight, _ in self._pairs)

    def rate(self, seconds: float) -> float:
        """Operations a second (CPU time, on a GPU real time), measured for about so long."""
        clock = time.perf_counter if self._device.type == "cuda" else time.process_time
        done, start = 0, clock()
        while clock() - start < seconds:
            for left, weight, out in self._pairs:
                torch.mm(left, weight, out=out)
            done += 1
            self._finish()
        return done * self._flops / (clock() - start)

    def _finish(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
