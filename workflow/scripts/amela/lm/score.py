"""Held-out scores: nats per token, perplexity, bits per second of speech.

Shapes: B sequences of a batch, T time steps, W time steps of a window.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

import numpy as np
import torch

from amela.errors import AmelaError
from amela.lm.batches import length_batches, pad_batch
from amela.lm.model import LSTMLanguageModel
from amela.lm.ngram import Ngrams
from amela.lm.split import Split

BATCH = 32  # sequences side by side
WINDOW = 256  # time steps at once; the state is carried, so it bounds memory and changes nothing else
DEGENERATE_NATS = 0.01  # per token; below it there is nothing left to predict
DEGENERATE_TOKENS = 100  # fewer tokens prove nothing


def score_model(model: LSTMLanguageModel, split: Split, device: torch.device) -> Dict[str, Any]:
    """Scores of the test part: of the model, of each group, and of baselines counted on the train part."""
    utterances = split.parts["test"]
    sequences = [utterance.sequence for utterance in utterances]
    tokens = [utterance.predictions for utterance in utterances]
    seconds = [utterance.seconds for utterance in utterances]
    groups = [split.group_of[utterance.corpus, utterance.id] for utterance in utterances]
    nats = sequence_nats(model, sequences, device)
    ngrams = Ngrams((utterance.sequence for utterance in split.parts["train"]), model.boundary)
    unigram, bigram = ngrams.nats(sequences)
    size = sum(tokens), sum(seconds)
    score: Dict[str, Any] = {
        **summarize(float(nats.sum()), *size),
        "tokens": size[0],
        "seconds": round(size[1], 3),
        "utterances": len(utterances),
        "unigram": summarize(unigram, *size),
        "bigram": summarize(bigram, *size),
        "groups": summarize_groups(nats, tokens, seconds, groups),
    }
    return {**score, "warnings": [*split.warnings, *check_score(score)]}


@torch.no_grad()
def sequence_nats(
    model: LSTMLanguageModel,
    sequences: Sequence[np.ndarray],
    device: torch.device,
    batches: Optional[Iterable[np.ndarray]] = None,
) -> np.ndarray:
    """-ln P of each framed sequence (its tokens and its end), in the order given: float64.

    Args:
        batches: indices of some of ``score_batches`` only; the other sequences get 0.
    """
    model.eval()
    nats = np.zeros(len(sequences))
    for batch in score_batches(sequences) if batches is None else batches:
        longest_first = batch[::-1]
        nats[longest_first] = _batch_nats(model, [sequences[i] for i in longest_first], device)
    return nats


def score_batches(sequences: Sequence[np.ndarray]) -> List[np.ndarray]:
    """Indices of the sequences that are scored side by side."""
    return length_batches([len(sequence) for sequence in sequences], BATCH)


def _batch_nats(model: LSTMLanguageModel, sequences: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
    """Nats of sequences that stand longest first; those that have ended leave the batch."""
    inputs_BT, targets_BT = pad_batch(sequences, model.padding, device)
    predictions = np.array([len(sequence) - 1 for sequence in sequences])
    nats = torch.zeros(len(sequences), dtype=torch.float64, device=device)
    state = None
    for start in range(0, inputs_BT.shape[1], WINDOW):
        active = int((predictions > start).sum())
        if state is not None:
            state = tuple(part[:, :active].contiguous() for part in state)
        targets_BW = targets_BT[:active, start : start + WINDOW]
        hidden_BWH, state = model(inputs_BT[:active, start : start + WINDOW], state)
        window_BW = torch.zeros(targets_BW.shape, dtype=torch.float64, device=device)
        window_BW[targets_BW != model.padding] = model.nats(hidden_BWH, targets_BW).double()
        nats[:active] += window_BW.sum(dim=1)
    return nats.cpu().numpy()


def summarize(nats: float, tokens: int, seconds: float) -> Dict[str, float]:
    """Rates of a total of ``nats`` over ``tokens`` predictions and ``seconds`` of speech.

    ``perplexity`` is exp(nats / tokens). ``bits_per_second`` is nats / (ln 2 · seconds): the
    length of the shortest code for a second of this speech's tokens that the model gives
    (Shannon 1948); unlike the others it compares models of different tokens.

    Raises:
        AmelaError: the total is no finite number.
    """
    if not math.isfinite(nats):
        raise AmelaError(f"the language model gives {nats} nats: it is broken", todo="train it again, at a lower lr")
    per_token = nats / tokens
    per_second = nats / math.log(2) / seconds if seconds > 0 else 0.0
    rates = {"nats_per_token": per_token, "perplexity": math.exp(per_token), "bits_per_second": per_second}
    return {key: round(value, 6) for key, value in rates.items()}


def summarize_groups(
    nats: np.ndarray, tokens: Sequence[int], seconds: Sequence[float], groups: Sequence[str]
) -> Dict[str, Dict[str, Any]]:
    """The same for every group (speaker) by itself, in the order of names."""
    totals: Dict[str, List[float]] = {}
    for group, *values in zip(groups, nats.tolist(), tokens, seconds):
        totals[group] = [total + value for total, value in zip(totals.get(group, [0.0, 0, 0.0]), values)]
    return {
        group: {**summarize(*totals[group]), "tokens": totals[group][1], "seconds": round(totals[group][2], 3)}
        for group in sorted(totals)
    }


def check_score(score: Mapping[str, Any]) -> List[str]:
    """Warnings about scores that nobody should believe, or be content with."""
    warnings = []
    if score["nats_per_token"] >= score["unigram"]["nats_per_token"]:
        warnings.append(
            f"the model ({score['nats_per_token']:.3f} nats per token) is no better than counting tokens "
            f"({score['unigram']['nats_per_token']:.3f}): it has learnt nothing; more speech, or a smaller model"
        )
    if score["nats_per_token"] < DEGENERATE_NATS and score["tokens"] >= DEGENERATE_TOKENS:
        warnings.append(
            f"perplexity {score['perplexity']:.4f}: nothing is left to predict, so the units are degenerate "
            "(one unit everywhere?) or the test speech is a copy of the training speech"
        )
    return warnings
