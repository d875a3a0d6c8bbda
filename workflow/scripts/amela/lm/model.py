"""LSTM language model over units or motifs.

Shapes: B sequences of a batch, T time steps, N real tokens of a batch, H hidden size,
L layers, V output symbols.

One symbol, the boundary, stands before the first token and after the last: the model
predicts when an utterance ends, and so is a distribution over whole utterances.
"""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from torch import nn
from torch.nn import functional

from amela.lm.settings import LMSettings

State = Tuple[torch.Tensor, torch.Tensor]  # hidden_LBH, cell_LBH


class LSTMLanguageModel(nn.Module):
    """Embedding, LSTM, output layer; dropout on every connection that is not recurrent.

    Dropout as in Zaremba, Sutskever & Vinyals 2014, "Recurrent Neural Network Regularization".
    Symbols: tokens 0 … vocab_size - 1, boundary vocab_size, padding vocab_size + 1 (never predicted).
    """

    def __init__(self, vocab_size: int, settings: LMSettings) -> None:
        super().__init__()
        self.boundary = vocab_size
        self.padding = vocab_size + 1
        between = settings.dropout if settings.layers > 1 else 0.0
        self.embedding = nn.Embedding(vocab_size + 2, settings.embedding, padding_idx=self.padding)
        self.lstm = nn.LSTM(settings.embedding, settings.hidden, settings.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(settings.hidden, vocab_size + 1)

    def forward(self, inputs_BT: torch.Tensor, state: Optional[State] = None) -> Tuple[torch.Tensor, State]:
        """Hidden vectors (B, T, H) after each input, and the state to go on from."""
        hidden_BTH, state = self.lstm(self.dropout(self.embedding(inputs_BT)), state)
        return self.dropout(hidden_BTH), state

    def nats(self, hidden_BTH: torch.Tensor, targets_BT: torch.Tensor) -> torch.Tensor:
        """-ln P of every real target (N,), row by row; padding takes no part, not even in the product."""
        real_BT = targets_BT != self.padding
        logits_NV = self.output(hidden_BTH[real_BT])
        return functional.cross_entropy(logits_NV, targets_BT[real_BT], reduction="none")

    def parameter_count(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters())


class TrainingNats(nn.Module):
    """``model``'s nats of targets after inputs, in one call, as data-parallel training wants it."""

    def __init__(self, model: LSTMLanguageModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs_BT: torch.Tensor, targets_BT: torch.Tensor) -> torch.Tensor:
        """-ln P of every real target (N,)."""
        return self.model.nats(self.model(inputs_BT)[0], targets_BT)
