"""Features of a block of HuBERT, wav2vec 2.0, WavLM and Data2Vec-audio.

The weights come from a transformers model; the computation is this package's own, so that a
padded batch gives what its utterances give one by one, and nothing is computed twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, List, Optional, Sequence

import numpy as np
import torch
from torch import nn

from amela.audio import SAMPLE_RATE
from amela.audio.samples import check_samples
from amela.device import exact_device, within_memory
from amela.encoders.blocks import Block
from amela.encoders.front_end import FrontEnd
from amela.encoders.moments import Moments
from amela.encoders.padding import own_frames, zero_padding
from amela.encoders.positions import PositionalConvolution, RelativeBias
from amela.encoders.waveform import padded
from amela.errors import AmelaError, Rejected

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

# Shape legend: B = batch, N = samples, T = frames, D = dimension.

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
GPU_BATCH_SECONDS = 600.0  # padded; more makes a GPU no faster
GPU_SHARE = 0.3  # of its memory that activations of a batch may take
GPU_STEP = 10.0  # seconds: a GPU of a few MB less makes the same batches


class Network(nn.Module):
    """A speech model."""

    def __init__(self, model: PreTrainedModel, residual: str, dtype: torch.dtype) -> None:
        """See ``TransformerEncoder``."""
        super().__init__()
        source, self.pre_norm = model.encoder, getattr(model.config, "do_stable_layer_norm", False)
        self.front_end = FrontEnd(model.feature_extractor.conv_layers)
        self.norm = getattr(model.feature_projection, "layer_norm", nn.Identity())
        self.projection = model.feature_projection.projection
        self.positions = PositionalConvolution(source.pos_conv_embed)
        self.first_norm = nn.Identity() if self.pre_norm else source.layer_norm
        first = source.layers[0].attention
        self.bias = RelativeBias(first) if hasattr(first, "rel_attn_embed") else None
        self.blocks = nn.ModuleList(Block(block, self.pre_norm, dtype) for block in source.layers)
        self.last_norm = source.layer_norm if residual == "final_norm" else nn.Identity()

    def forward(self, waveform_BN: torch.Tensor, lengths: Sequence[int], moments: Sequence[Moments]) -> torch.Tensor:
        """Features (B, T, D) of waveforms of so many samples, with the moments of their utterances."""
        x_BTD = self.projection(self.norm(self.front_end(waveform_BN, moments)))
        own_BT = own_frames([self.front_end.frames(length) for length in lengths], x_BTD.device)
        x_BTD = zero_padding(x_BTD, own_BT)
        x_BTD = self.first_norm(x_BTD + self.positions(x_BTD, own_BT))
        bias_HTT = None if self.bias is None else self.bias(x_BTD.shape[1])
        for block in self.blocks:
            x_BTD = block(x_BTD, own_BT, bias_HTT)
        return self.last_norm(x_BTD)


class TransformerEncoder:
    """Features of one block of a speech model; see ``amela.encoders.Encoder``."""

    def __init__(
        self,
        model: PreTrainedModel,
        layer: int,
        residual: str,
        epsilon: Optional[float],
        precision: str = "fp32",
        chunk: float = 40.0,
        overlap: float = 5.0,
        compile: bool = False,
    ) -> None:
        """
        Args:
            model: HubertModel, Wav2Vec2Model, WavLMModel or Data2VecAudioModel of transformers;
                it is taken apart. Blocks above ``layer`` are cut off and need no values.
            layer: features are the output of this transformer block, counted from 1.
            residual: ``stream``: as it leaves the block; ``final_norm``: with the norm applied
                that a pre-norm model has behind its last block.
            epsilon: of the normalisation of waveforms; None: they are taken as they are.
            precision: ``fp32``, ``bf16`` or ``fp16``, of the matrix products of the blocks.
            chunk: seconds; longer utterances are encoded in stretches.
            overlap: seconds of context on either side of them.
            compile: translate the blocks to code for this machine.

        Raises:
            AmelaError: the model has no such block or no such norm, or the device not the precision.
        """
        self.device = exact_device()
        self._check(model, layer, residual, precision)
        del model.encoder.layers[layer:]
        network = Network(model.float(), residual, DTYPES[precision])
        self._network = network.requires_grad_(False).eval().to(self.device)
        if compile:
            for block in network.blocks:
                block.compile(dynamic=True)
        self._epsilon = epsilon
        self.hop = network.front_end.hop / SAMPLE_RATE
        self.receptive_field = network.front_end.receptive_field / SAMPLE_RATE
        self.dimension = model.config.hidden_size
        self.chunk, self.overlap = chunk, overlap
        self.batch_seconds = self._batch_seconds(model.config)

    def _check(self, model: PreTrainedModel, layer: int, residual: str, precision: str) -> None:
        n_blocks = len(model.encoder.layers)
        if not 1 <= layer <= n_blocks:
            raise AmelaError(
                f"layer {layer} of a model with {n_blocks} transformer blocks", todo=f"choose 1-{n_blocks}"
            )
        if residual == "final_norm" and not getattr(model.config, "do_stable_layer_norm", False):
            raise AmelaError(
                "residual final_norm of a model that has its norms behind the blocks, and none at the end",
                todo="set residual: stream",
            )
        if precision == "fp16" and self.device.type == "cpu":
            raise AmelaError("precision fp16 on a CPU", todo="set precision: fp32 or bf16, or use a GPU")

    def _batch_seconds(self, config: PretrainedConfig) -> float:
        """One utterance at a time on a CPU, where batches gain nothing; by its memory on a GPU."""
        if self.device.type == "cpu":
            return 0.0
        values = 16 * config.hidden_size + 3 * config.intermediate_size  # that a frame has at a time, generously
        if self._network.bias is not None:
            values += 3 * config.num_attention_heads * self.chunk / self.hop
        memory = torch.cuda.get_device_properties(self.device).total_memory
        seconds = GPU_SHARE * memory / (4 * values) * self.hop
        return float(min(GPU_BATCH_SECONDS, max(self.chunk, seconds // GPU_STEP * GPU_STEP)))

    def frames(self, n_samples: int) -> int:
        """See ``amela.encoders.Encoder.frames``: as many as the convolutions make without padding."""
        return self._network.front_end.frames(n_samples)

    def check(self, samples_N: np.ndarray) -> None:
        """See ``amela.encoders.Encoder.check``."""
        check_samples(samples_N)
        if not self.frames(len(samples_N)):
            least = self._network.front_end.receptive_field
            raise Rejected(f"{len(samples_N)} samples: one frame takes {least}")

    @torch.inference_mode()
    def moments(self, blocks: Iterable[np.ndarray]) -> Moments:
        """See ``amela.encoders.Encoder.moments``."""
        # On the CPU: threads that read ahead must not take memory from the batch that is on the device.
        sums = self._network.front_end.sums(torch.device("cpu"))
        for samples_N in blocks:
            sums.add(torch.from_numpy(np.ascontiguousarray(samples_N)))
        return sums.moments()

    def encode(
        self, batch: Sequence[np.ndarray], moments: Optional[Sequence[Optional[Moments]]] = None
    ) -> List[torch.Tensor]:
        """See ``amela.encoders.Encoder.encode``."""
        moments = moments or [None] * len(batch)
        features_BTD = within_memory(lambda clips: self._features(clips, moments), batch, self.device)
        return [features_TD[: self.frames(len(clip))] for features_TD, clip in zip(features_BTD, batch)]

    @torch.inference_mode()
    def _features(self, batch: Sequence[np.ndarray], moments: Sequence[Optional[Moments]]) -> torch.Tensor:
        """Features of a batch, shape (B, T, D); moments that are None are those of the waveform itself."""
        clips = [self.array(samples_N) for samples_N in batch]
        sums = self._network.front_end.sums
        known = [
            given.to(self.device) if given else sums(self.device).add(clip_N).moments()
            for given, clip_N in zip(moments, clips)
        ]
        waveform_BN = padded(clips, known, self._epsilon)
        seen = [each.normalized(self._epsilon) for each in known]
        features_BTD = self._network(waveform_BN, [len(clip_N) for clip_N in clips], seen)
        if not torch.isfinite(features_BTD).all():
            raise AmelaError("features that are not finite", todo="give the encoder precision: bf16 or fp32")
        return features_BTD

    def array(self, values: np.ndarray) -> torch.Tensor:
        """A tensor on the device of the model."""
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)
