"""Encoder that is textlesslib's own, on fairseq: what the other backends are compared with.

It encodes one utterance after the other, on the CPU: the torch of that time knows none of
today's GPUs. It unpickles the checkpoint, which can run code. ``amela.encoders.fairseq`` reads the
same checkpoints, runs nothing that they hold, and is several times faster.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.samples import check_samples
from amela.errors import AmelaError, Rejected
from amela.textlesslib import loading

if TYPE_CHECKING:
    from textless.data.hubert_feature_reader import HubertFeatureReader

    from amela.checkpoints.receipt import Receipt

# Shape legend: N = samples, T = frames, D = dimension.

INSTEAD = "use backend: fairseq, which reads the same checkpoints"


class TextlessEncoder:
    """Features of a transformer block of a HuBERT of fairseq; see ``amela.encoders.Encoder``."""

    batch_seconds = 0.0
    device = "cpu"

    def __init__(
        self,
        checkpoint: Receipt,
        layer: int,
        residual: str = "stream",
        precision: str = "fp32",
        chunk: float = 40.0,
        overlap: float = 5.0,
        compile: bool = False,
    ) -> None:
        """
        Args:
            checkpoint: one file, as fairseq wrote it.
            layer: features are the output of this transformer block, counted from 1.
            residual, precision, compile: only ``stream``, ``fp32`` and False, which is what textlesslib does.
            chunk: seconds; longer utterances are encoded in stretches.
            overlap: seconds of context on either side of them.

        Raises:
            AmelaError: textlesslib cannot do what is asked for, or fairseq not load the checkpoint.
        """
        for name, value, only in (("residual", residual, "stream"), ("precision", precision, "fp32")):
            if value != only:
                raise AmelaError(f"{name} {value} with backend textless, which has {only} alone", todo=INSTEAD)
        if compile:
            raise AmelaError("backend textless cannot be compiled", todo="set compile: false, or " + INSTEAD)
        longest = chunk + 2 * overlap + 1  # seconds, with room for rounding
        self._reader = load_reader(checkpoint.only_file(), layer, math.ceil(longest * SAMPLE_RATE))
        self._convolutions = convolutions(self._reader.model)
        self.hop = math.prod(stride for _, stride in self._convolutions) / SAMPLE_RATE
        self._least = least_samples(self._convolutions)
        self.receptive_field = self._least / SAMPLE_RATE
        self.dimension = self._reader.model.encoder.embedding_dim
        self.chunk, self.overlap = chunk, overlap

    def frames(self, n_samples: int) -> int:
        """See ``amela.encoders.Encoder.frames``: as many as the convolutions make without padding."""
        return frames_of(n_samples, self._convolutions)

    def check(self, samples_N: np.ndarray) -> None:
        """See ``amela.encoders.Encoder.check``."""
        check_samples(samples_N)
        if len(samples_N) < self._least:
            raise Rejected(f"{len(samples_N)} samples: one frame takes {self._least}")

    def moments(self, blocks: Iterable[np.ndarray]) -> None:
        """textlesslib normalises what it is given, stretch by stretch."""

    def encode(self, batch: Sequence[np.ndarray], moments: Optional[Sequence[None]] = None) -> List[np.ndarray]:
        """See ``amela.encoders.Encoder.encode``."""
        return [self._features(samples_N) for samples_N in batch]

    def _features(self, samples_N: np.ndarray) -> np.ndarray:
        import torch

        return self._reader(torch.from_numpy(np.array(samples_N, dtype=np.float32))).numpy()

    def array(self, values: np.ndarray) -> np.ndarray:
        """NumPy's, as it is."""
        return values


def load_reader(path: Path, layer: int, longest: int) -> HubertFeatureReader:
    """textlesslib's reader of features.

    Args:
        path: checkpoint.
        layer: transformer block, counted from 1.
        longest: samples of the longest waveform that it will be given; it cuts beyond that, without context.

    Raises:
        AmelaError: textlesslib cannot be imported or not load the checkpoint, it is no HuBERT, or has no such block.
    """
    with loading(path, INSTEAD):
        from fairseq.models.hubert import HubertModel
        from textless.data.hubert_feature_reader import HubertFeatureReader

        reader = HubertFeatureReader(path, layer=layer, max_chunk=longest)
    if not isinstance(reader.model, HubertModel):
        raise AmelaError(f"textlesslib reads HuBERT alone, this is {type(reader.model).__name__}", path, INSTEAD)
    n_blocks = len(reader.model.encoder.layers)
    if not 1 <= layer <= n_blocks:
        raise AmelaError(f"layer {layer} of a model with {n_blocks} transformer blocks", todo=f"choose 1-{n_blocks}")
    return reader


def convolutions(model: Any) -> List[Tuple[int, int]]:
    """Kernel size and stride of each convolution of the front end of a model of fairseq."""
    layers = [block[0] for block in model.feature_extractor.conv_layers]
    return [(layer.kernel_size[0], layer.stride[0]) for layer in layers]


def least_samples(convolutions: Sequence[Tuple[int, int]]) -> int:
    """Samples that one frame is made of."""
    samples = 1
    for kernel, stride in reversed(convolutions):
        samples = (samples - 1) * stride + kernel
    return samples


def frames_of(n_samples: int, convolutions: Sequence[Tuple[int, int]]) -> int:
    """Frames that so many samples make."""
    for kernel, stride in convolutions:
        n_samples = max(0, (n_samples - kernel) // stride + 1)
    return n_samples
