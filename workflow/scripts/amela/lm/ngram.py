"""Unigram and bigram baselines, on the same symbols as the LSTM: tokens, and the end of an utterance.

Witten-Bell smoothing, interpolated: no weights to fit, every symbol has a probability, and
the probabilities sum to one (Witten & Bell 1991; Chen & Goodman 1999, section 2.4):

    P(w)     = (c(w) + T · 1/V) / (N + T)             T: different symbols seen
    P(w | h) = (c(h, w) + T(h) · P(w)) / (c(h) + T(h))    T(h): different symbols seen after h

V is the vocabulary and the end. A history that was never seen leaves P(w).
"""

from __future__ import annotations

from typing import Iterable, Iterator, List, Sequence, Tuple

import numpy as np

BLOCK = 1 << 22  # pairs counted at once


class Ngrams:
    """Counts of framed sequences (boundary, tokens, boundary) over ``vocab_size`` tokens."""

    def __init__(self, sequences: Iterable[np.ndarray], vocab_size: int) -> None:
        self.symbols = vocab_size + 1
        self.pairs, self.pair_counts = _count_pairs(sequences, self.symbols)
        history, target = np.divmod(self.pairs, self.symbols)
        counts = np.bincount(target, weights=self.pair_counts, minlength=self.symbols)
        seen = np.count_nonzero(counts)
        self.unigram = (counts + seen / self.symbols) / (counts.sum() + seen)
        self.history_counts = np.bincount(history, weights=self.pair_counts, minlength=self.symbols)
        self.history_types = np.bincount(history, minlength=self.symbols)

    def unigram_probability(self, targets: np.ndarray) -> np.ndarray:
        """P(w) of each target (N,)."""
        return self.unigram[targets]

    def bigram_probability(self, histories: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """P(w | h) of each pair (N,), (N,)."""
        codes = histories.astype(np.int64) * self.symbols + targets
        found = np.minimum(np.searchsorted(self.pairs, codes), len(self.pairs) - 1)
        count = np.where(self.pairs[found] == codes, self.pair_counts[found], 0)
        types = self.history_types[histories]
        mass = self.history_counts[histories] + types
        # An unseen history has neither counts nor types: all of its mass is the unigram's.
        share = np.where(mass > 0, types / np.maximum(mass, 1), 1.0)
        return count / np.maximum(mass, 1) + share * self.unigram[targets]

    def nats(self, sequences: Sequence[np.ndarray]) -> Tuple[float, float]:
        """Total -ln P of the sequences under the unigram and under the bigram."""
        unigram = bigram = 0.0
        for sequence in sequences:
            unigram -= float(np.log(self.unigram_probability(sequence[1:])).sum())
            bigram -= float(np.log(self.bigram_probability(sequence[:-1], sequence[1:])).sum())
        return unigram, bigram


def _count_pairs(sequences: Iterable[np.ndarray], symbols: int) -> Tuple[np.ndarray, np.ndarray]:
    """Codes (history · symbols + target) that occur, sorted, and how often; counted in blocks."""
    codes, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    for block in _blocks(sequences, symbols):
        new_codes, new_counts = np.unique(block, return_counts=True)
        codes, places = np.unique(np.concatenate([codes, new_codes]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts, new_counts])).astype(np.int64)
    return codes, counts


def _blocks(sequences: Iterable[np.ndarray], symbols: int) -> Iterator[np.ndarray]:
    pending: List[np.ndarray] = []
    size = 0
    for sequence in sequences:
        wide = sequence.astype(np.int64)
        pending.append(wide[:-1] * symbols + wide[1:])
        size += len(pending[-1])
        if size >= BLOCK:
            yield np.concatenate(pending)
            pending, size = [], 0
    if pending:
        yield np.concatenate(pending)
