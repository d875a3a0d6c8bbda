"""Transformer blocks for inference: matrix products in the precision asked for, everything else in float32."""

from __future__ import annotations

from typing import Optional, Sequence

import torch
from torch import nn
from torch.nn import functional as F

# Shape legend: B = batch, T = frames, D = dimension, H = heads, F = of the feed-forward layer.


def joined(layers: Sequence[nn.Linear]) -> nn.Linear:
    """One linear layer that puts out what several do, one after the other."""
    both = nn.Linear(layers[0].in_features, sum(layer.out_features for layer in layers), device="meta")
    both.weight = nn.Parameter(torch.cat([layer.weight.detach() for layer in layers]), requires_grad=False)
    both.bias = nn.Parameter(torch.cat([layer.bias.detach() for layer in layers]), requires_grad=False)
    return both


class Attention(nn.Module):
    """Self-attention over an utterance's own frames, with WavLM's gated bias where the model has it."""

    def __init__(self, source: nn.Module, dtype: torch.dtype) -> None:
        """``source``: attention of a transformers model."""
        super().__init__()
        self.heads = source.num_heads
        self.qkv = joined([source.q_proj, source.k_proj, source.v_proj]).to(dtype)
        self.out = source.out_proj.to(dtype)
        del source.q_proj, source.k_proj, source.v_proj  # not twice in memory
        self.gate = getattr(source, "gru_rel_pos_linear", None)
        self.gate_scale = getattr(source, "gru_rel_pos_const", None)

    def forward(
        self, x_BTD: torch.Tensor, own_BT: Optional[torch.Tensor], bias_HTT: Optional[torch.Tensor]
    ) -> torch.Tensor:
        n_batch, n_frames, _ = x_BTD.shape
        qkv = self.qkv(x_BTD.to(self.qkv.weight.dtype)).view(n_batch, n_frames, 3, self.heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, D / H) each
        mask = None if own_BT is None else own_BT[:, None, None, :]
        if bias_HTT is not None:
            mask = self._gated(x_BTD, bias_HTT, mask).to(query.dtype)
        y = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out(y.transpose(1, 2).flatten(2))

    def _gated(self, x_BTD: torch.Tensor, bias_HTT: torch.Tensor, mask: Optional[torch.Tensor]) -> torch.Tensor:
        """The bias as each query wants it, shape (B, H, T, T) (Chen et al. 2022, WavLM, section 3.1)."""
        heads_BHTd = x_BTD.unflatten(2, (self.heads, -1)).transpose(1, 2)
        update, reset = self.gate(heads_BHTd).unflatten(3, (2, 4)).sum(4, keepdim=True).sigmoid().unbind(3)
        gated_BHTT = (update * (reset * self.gate_scale - 1) + 2) * bias_HTT
        return gated_BHTT if mask is None else gated_BHTT.masked_fill(~mask, -torch.inf)


class Block(nn.Module):
    """Attention and feed-forward layer with their residuals, norms before (``pre_norm``) or behind them."""

    def __init__(self, source: nn.Module, pre_norm: bool, dtype: torch.dtype) -> None:
        """``source``: a block of a transformers model, which is taken apart; ``dtype``: of matrix products."""
        super().__init__()
        self.pre_norm = pre_norm
        self.attention = Attention(source.attention, dtype)
        self.attention_norm, self.final_norm = source.layer_norm, source.final_layer_norm
        self.widen = source.feed_forward.intermediate_dense.to(dtype)
        self.activation = source.feed_forward.intermediate_act_fn
        self.narrow = source.feed_forward.output_dense.to(dtype)

    def forward(
        self,
        x_BTD: torch.Tensor,
        own_BT: Optional[torch.Tensor] = None,
        bias_HTT: Optional[torch.Tensor] = None,
    ) -> torch.Tensor:
        """
        Args:
            x_BTD: residual stream, float32.
            own_BT: which frames may be attended to; None: all.
            bias_HTT: of attention, before its gate; WavLM only.

        Returns:
            The residual stream as it leaves the block.
        """
        if self.pre_norm:
            x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), own_BT, bias_HTT)
            return x_BTD + self.feed_forward(self.final_norm(x_BTD))
        x_BTD = self.attention_norm(x_BTD + self.attention(x_BTD, own_BT, bias_HTT))
        return self.final_norm(x_BTD + self.feed_forward(x_BTD))

    def feed_forward(self, x_BTD: torch.Tensor) -> torch.Tensor:
        return self.narrow(self.activation(self.widen(x_BTD.to(self.widen.weight.dtype))))
