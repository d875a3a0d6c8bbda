"""Training of one language model: epochs, early stopping, resuming."""

from __future__ import annotations

import copy
import logging
import math
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence

import numpy as np
import torch

from amela.errors import AmelaError
from amela.lm.batches import cut_pieces, length_batches, pad_batch
from amela.lm.checkpoint import ResumePoint
from amela.lm.model import LSTMLanguageModel
from amela.lm.score import sequence_nats
from amela.lm.settings import LMSettings

WARM_UP = 0.05  # share of all steps
CLIP = 5.0  # largest norm of the gradient

logger = logging.getLogger("training")


@dataclass
class Training:
    """Everything that changes from epoch to epoch.

    Random numbers are drawn anew from (seed, epoch) at the start of every epoch, so a
    resumed training needs no generator state to equal an uninterrupted one.
    """

    model: LSTMLanguageModel
    optimizer: torch.optim.Optimizer
    best: Dict[str, torch.Tensor]  # weights of the epoch with the lowest validation loss
    history: List[Dict[str, float]]  # one row an epoch: epoch, train, valid (nats per token), lr (last step's)

    def state(self) -> Dict[str, Any]:
        """What a resumed training needs, in types that load with ``weights_only=True``."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "history": self.history,
        }

    def restore(self, state: Dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.model.load_state_dict(state["model"], strict=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.history = state["best"], state["history"]

    @property
    def best_epoch(self) -> int:
        """Epoch (from 1) with the lowest validation loss; the first of equals."""
        return min(self.history, key=lambda row: row["valid"])["epoch"]

    def summary(self) -> Dict[str, Any]:
        """Sizes and the best epoch's losses: plain values."""
        best = self.history[self.best_epoch - 1]
        return {
            "parameters": self.model.parameter_count(),
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "train_nats_per_token": round(best["train"], 6),
            "valid_nats_per_token": round(best["valid"], 6),
        }

    def finished(self, settings: LMSettings) -> bool:
        """Whether all epochs are done, or ``patience`` of them brought nothing."""
        epochs = len(self.history)
        return epochs >= settings.epochs or (epochs > 0 and epochs - self.best_epoch >= settings.patience)


def train(
    train_sequences: Sequence[np.ndarray],
    valid_sequences: Sequence[np.ndarray],
    vocab_size: int,
    settings: LMSettings,
    resume: ResumePoint,
    device: torch.device,
) -> Training:
    """Train until ``finished``; the model then has the best epoch's weights.

    Args:
        train_sequences, valid_sequences: framed sequences (N,).
        resume: saved after every epoch; the caller removes it when the model is stored.

    Raises:
        AmelaError: the loss is no longer a finite number.
    """
    training = _start(vocab_size, settings, device)
    saved = resume.load(device)
    if saved is not None:
        training.restore(saved)
        logger.info("going on after epoch %d", len(training.history))
    pieces = cut_pieces(train_sequences)
    batches = length_batches([len(piece) for piece in pieces], settings.batch)
    while not training.finished(settings):
        started, row = time.perf_counter(), _epoch(training, pieces, batches, settings, device)
        trained = time.perf_counter()
        row["valid"] = _nats_per_token(training.model, valid_sequences, device)
        _check_finite(row)
        training.history.append(row)
        if training.best_epoch == row["epoch"]:
            training.best = copy.deepcopy(training.model.state_dict())
        resume.save(training.state())
        speed = sum(len(piece) - 1 for piece in pieces) / (trained - started)
        logger.info("epoch %(epoch)d: train %(train).4f valid %(valid).4f lr %(lr).2e", row)
        logger.info("%.0f tokens/s in training, %.1f s in all", speed, time.perf_counter() - started)
    training.model.load_state_dict(training.best, strict=True)
    return training


def _start(vocab_size: int, settings: LMSettings, device: torch.device) -> Training:
    _seed(settings.seed, 0)
    model = LSTMLanguageModel(vocab_size, settings).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr)
    return Training(model, optimizer, {}, [])


def _seed(seed: int, epoch: int) -> np.random.Generator:
    """Seed torch (weights, dropout) for this epoch; the generator orders its batches."""
    sequence = np.random.SeedSequence([seed, epoch])
    torch.manual_seed(int(sequence.generate_state(1)[0]))
    return np.random.default_rng(sequence)


def _epoch(
    training: Training,
    pieces: Sequence[np.ndarray],
    batches: Sequence[np.ndarray],
    settings: LMSettings,
    device: torch.device,
) -> Dict[str, Any]:
    """One pass over all batches; returns the row of the history, still without ``valid``."""
    model, epoch = training.model, len(training.history) + 1
    order = _seed(settings.seed, epoch).permutation(len(batches))
    model.train()
    total, tokens, lr = 0.0, 0, 0.0
    for step, index in enumerate(order, (epoch - 1) * len(batches)):
        lr = learning_rate(step, settings.epochs * len(batches), settings.lr)
        for group in training.optimizer.param_groups:
            group["lr"] = lr
        inputs_BT, targets_BT = pad_batch([pieces[i] for i in batches[index]], model.padding, device)
        nats_N = model.nats(model(inputs_BT)[0], targets_BT)
        training.optimizer.zero_grad(set_to_none=True)
        nats_N.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        training.optimizer.step()
        total += float(nats_N.detach().double().sum())
        tokens += len(nats_N)
    return {"epoch": epoch, "train": total / tokens, "lr": lr}


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then half a cosine to zero (Loshchilov & Hutter 2017, without restarts)."""
    warm_up = max(1, math.ceil(WARM_UP * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _nats_per_token(model: LSTMLanguageModel, sequences: Sequence[np.ndarray], device: torch.device) -> float:
    return float(sequence_nats(model, sequences, device).sum()) / sum(len(sequence) - 1 for sequence in sequences)


def _check_finite(row: Dict[str, Any]) -> None:
    if not (math.isfinite(row["train"]) and math.isfinite(row["valid"])):
        raise AmelaError(
            f"the loss is {row['train']} in training, {row['valid']} in validation",
            f"epoch {row['epoch']}",
            "lower lr, or look for broken units",
        )
