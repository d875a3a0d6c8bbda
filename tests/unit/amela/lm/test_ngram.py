import math
from collections import Counter

import numpy as np
import pytest

import amela.lm.ngram
from amela.lm.data import frame_sequence
from amela.lm.ngram import Ngrams

VOCAB = 7


class Oracle:
    """Witten-Bell by counting words in dictionaries."""

    def __init__(self, sequences):
        self.words = Counter(int(w) for seq in sequences for w in seq[1:])
        self.pairs = Counter((int(h), int(w)) for seq in sequences for h, w in zip(seq, seq[1:]))

    def unigram(self, word):
        types = len(self.words)
        return (self.words[word] + types / (VOCAB + 1)) / (sum(self.words.values()) + types)

    def bigram(self, history, word):
        seen = [count for (h, _), count in self.pairs.items() if h == history]
        if not seen:
            return self.unigram(word)
        return (self.pairs[history, word] + len(seen) * self.unigram(word)) / (sum(seen) + len(seen))


@pytest.fixture
def train():
    rng = np.random.default_rng(1)  # tokens 5 and 6 are never seen
    return [frame_sequence(rng.integers(0, 5, rng.integers(0, 12)), VOCAB) for _ in range(15)]


def test_agrees_with_a_slow_oracle(train, sequences):
    ngrams, oracle = Ngrams(train, VOCAB), Oracle(train)
    unigram, bigram = ngrams.nats(sequences)
    pairs = [(int(h), int(w)) for seq in sequences for h, w in zip(seq, seq[1:])]
    assert unigram == pytest.approx(-sum(math.log(oracle.unigram(w)) for _, w in pairs))
    assert bigram == pytest.approx(-sum(math.log(oracle.bigram(h, w)) for h, w in pairs))


def test_distributions_sum_to_one_after_every_history(train):
    ngrams = Ngrams(train, VOCAB)
    symbols = np.arange(VOCAB + 1)
    assert ngrams.unigram_probability(symbols).sum() == pytest.approx(1.0)
    for history in symbols:
        probabilities = ngrams.bigram_probability(np.full(VOCAB + 1, history), symbols)
        assert probabilities.min() > 0
        assert probabilities.sum() == pytest.approx(1.0)


def test_an_unseen_history_leaves_the_unigram(train):
    ngrams = Ngrams(train, VOCAB)
    symbols = np.arange(VOCAB + 1)
    after_unseen = ngrams.bigram_probability(np.full(VOCAB + 1, 6), symbols)
    assert after_unseen.tolist() == ngrams.unigram_probability(symbols).tolist()


def test_small_integer_types_do_not_overflow():
    """Ids of 200 units are stored in a byte, whose square is beyond it."""
    sequence = frame_sequence(np.full(50, 199), 200)
    assert sequence.dtype == np.uint8
    ngrams = Ngrams([sequence], 200)
    assert ngrams.pairs.tolist() == [199 * 201 + 199, 199 * 201 + 200, 200 * 201 + 199]
    assert ngrams.pair_counts.tolist() == [49, 1, 1]


def test_counting_in_blocks_changes_nothing(train, monkeypatch):
    whole = Ngrams(train, VOCAB)
    monkeypatch.setattr(amela.lm.ngram, "BLOCK", 5)
    blocks = Ngrams(train, VOCAB)
    assert blocks.pairs.tolist() == whole.pairs.tolist()
    assert blocks.pair_counts.tolist() == whole.pair_counts.tolist()
