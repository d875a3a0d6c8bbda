"""Training of one language model: epochs, early stopping, resuming."""

from __future__ import annotations

import copy
import logging
import math
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
import torch
from torch import nn

from amela.errors import AmelaError
from amela.lm.batches import cut_pieces, length_batches, pad_batch
from amela.lm.checkpoint import ResumePoint
from amela.lm.model import LSTMLanguageModel, TrainingNats
from amela.lm.score import score_batches, sequence_nats
from amela.lm.settings import LMSettings
from amela.training.device import generator_states, set_generator_states
from amela.training.interruption import SavePoints
from amela.training.processes import Processes

WARM_UP = 0.05  # share of all steps
CLIP = 5.0  # largest norm of the gradient

logger = logging.getLogger("training")


@dataclass
class Training:
    """Everything that changes from step to step.

    Random numbers are drawn anew from (seed, epoch) at the start of every epoch; within one,
    each process has a generator of its own for dropout.
    """

    model: LSTMLanguageModel
    optimizer: torch.optim.Optimizer
    best: Dict[str, torch.Tensor]  # weights of the epoch with the lowest validation loss
    history: List[Dict[str, float]]  # one row an epoch: epoch, train, valid (nats per token), lr (last step's)
    step: int = 0  # batches that are done of the epoch under way
    nats: float = 0.0  # of this process's share of them
    generators: Optional[Dict[str, torch.Tensor]] = None  # of this process, after the last step before an interruption

    def state(self, processes: Processes) -> Dict[str, Any]:
        """What a resumed training needs, in types that load with ``weights_only=True``; all processes call it."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "history": self.history,
            "step": self.step,
            "shares": processes.gather({"nats": self.nats, "generators": generator_states(processes.device)}),
        }

    def restore(self, state: Dict[str, Any], processes: Processes) -> None:
        """Take over what ``state`` returned, whatever the number of processes that made it.

        With as many, training goes on as if nothing had been; with others, sums are rounded
        otherwise and dropout draws from the start of the epoch again.
        """
        self.model.load_state_dict(state["model"], strict=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.history, self.step = state["best"], state["history"], state["step"]
        shares = state["shares"]
        if len(shares) == processes.size:
            self.nats, self.generators = shares[processes.rank]["nats"], shares[processes.rank]["generators"]
        else:
            self.nats = sum(share["nats"] for share in shares) if processes.rank == 0 else 0.0

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
    processes: Processes,
) -> Training:
    """Train until ``finished``; the model then has the best epoch's weights.

    Args:
        train_sequences, valid_sequences: framed sequences (N,).
        resume: saved by the first process after every epoch, within long ones, and when a
            signal comes; the caller removes it when the model is stored.

    Raises:
        AmelaError: the loss is no longer a finite number.
        Interrupted: a signal has come; the state is saved.
    """
    training = _start(vocab_size, settings, resume, processes)
    pieces = cut_pieces(train_sequences)
    epoch = Epoch(pieces, length_batches([len(piece) for piece in pieces], settings.batch), settings, processes)
    joined = processes.join(TrainingNats(training.model))

    def save() -> None:
        state = training.state(processes)
        if processes.rank == 0:
            resume.save(state)

    with SavePoints(processes, save) as points:
        while not training.finished(settings):
            started = time.perf_counter()
            row = epoch.run(training, joined, points)
            trained = time.perf_counter()
            row["valid"] = _nats_per_token(training.model, valid_sequences, processes, points)
            _check_finite(row)
            training.history.append(row)
            training.step, training.nats = 0, 0.0
            if training.best_epoch == row["epoch"]:
                training.best = copy.deepcopy(training.model.state_dict())
            save()
            logger.info("epoch %(epoch)d: train %(train).4f valid %(valid).4f lr %(lr).2e", row)
            speed = epoch.tokens / (trained - started)
            logger.info("%.0f tokens/s in training, %.1f s in all", speed, time.perf_counter() - started)
    training.model.load_state_dict(training.best, strict=True)
    return training


def _start(vocab_size: int, settings: LMSettings, resume: ResumePoint, processes: Processes) -> Training:
    _seed(settings.seed, 0)
    model = LSTMLanguageModel(vocab_size, settings).to(processes.device)
    training = Training(model, torch.optim.AdamW(model.parameters(), lr=settings.lr), {}, [])
    saved = processes.broadcast(resume.load() if processes.rank == 0 else None)
    if saved is not None:
        training.restore(saved, processes)
        logger.info("going on after epoch %d, step %d", len(training.history), training.step)
    return training


def _seed(seed: int, epoch: int, rank: int = 0) -> np.random.Generator:
    """Seed torch (weights, dropout of one process) for this epoch; the generator orders its batches."""
    sequence = np.random.SeedSequence([seed, epoch])
    torch.manual_seed(int(sequence.generate_state(1)[0]) + rank)
    return np.random.default_rng(sequence)


@dataclass(frozen=True)
class Epoch:
    """One pass over all batches, in an order that every epoch draws anew."""

    pieces: Sequence[np.ndarray]
    batches: Sequence[np.ndarray]
    settings: LMSettings
    processes: Processes

    @property
    def tokens(self) -> int:
        """Predictions of all batches."""
        return sum(len(piece) - 1 for piece in self.pieces)

    def run(self, training: Training, joined: nn.Module, points: SavePoints) -> Dict[str, Any]:
        """The rest of an epoch; returns the row of the history, still without ``valid``."""
        epoch, settings = len(training.history) + 1, self.settings
        order = _seed(settings.seed, epoch, self.processes.rank).permutation(len(self.batches))
        if training.step and training.generators:
            set_generator_states(training.generators, self.processes.device)
        training.model.train()
        first, steps = (epoch - 1) * len(order), settings.epochs * len(order)
        for step in range(training.step, len(order)):
            for group in training.optimizer.param_groups:
                group["lr"] = learning_rate(first + step, steps, settings.lr)
            training.nats += self._step(training, joined, self.batches[order[step]])
            training.step = step + 1
            points.check()
        nats = sum(self.processes.gather(training.nats))
        lr = learning_rate(first + len(order) - 1, steps, settings.lr)
        return {"epoch": epoch, "train": nats / self.tokens, "lr": lr}

    def _step(self, training: Training, joined: nn.Module, batch: np.ndarray) -> float:
        """One step of the optimizer; returns the nats of this process's share."""
        share = [self.pieces[i] for i in self.processes.share(batch)]
        inputs_BT, targets_BT = pad_batch(share, training.model.padding, self.processes.device)
        nats_N = joined(inputs_BT, targets_BT)
        training.optimizer.zero_grad(set_to_none=True)
        self.processes.backward(nats_N.sum(), sum(len(self.pieces[i]) - 1 for i in batch))
        torch.nn.utils.clip_grad_norm_(training.model.parameters(), CLIP)
        training.optimizer.step()
        return float(nats_N.detach().double().sum())


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then half a cosine to zero (Loshchilov & Hutter 2017, without restarts)."""
    warm_up = max(1, math.ceil(WARM_UP * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _nats_per_token(
    model: LSTMLanguageModel, sequences: Sequence[np.ndarray], processes: Processes, points: SavePoints
) -> float:
    """Of all ``sequences``; each process scores a share of the batches."""
    batches = score_batches(sequences)

    def share() -> Iterator[np.ndarray]:
        for start in range(0, len(batches), processes.size):
            points.check()  # every process, whether or not there is a batch left for it
            yield from processes.share(batches[start : start + processes.size])

    nats = sum(processes.gather(sequence_nats(model, sequences, processes.device, share())))
    return float(nats.sum()) / sum(len(sequence) - 1 for sequence in sequences)


def _check_finite(row: Dict[str, Any]) -> None:
    if not (math.isfinite(row["train"]) and math.isfinite(row["valid"])):
        raise AmelaError(
            f"the loss is {row['train']} in training, {row['valid']} in validation",
            f"epoch {row['epoch']}",
            "lower lr, or look for broken units",
        )
