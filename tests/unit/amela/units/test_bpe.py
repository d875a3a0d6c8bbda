"""Byte pair encoding of units: against a naive implementation, without loss, with its fallbacks."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amela.errors import AmelaError
from amela.units.bpe import Bpe, to_text, to_units, train_bpe

K = 12


def naive_merges(sequences, count):
    """The first merges of byte pair encoding, by the book."""
    sequences = [[(int(unit),) for unit in sequence] for sequence in sequences]
    merges = []
    while len(merges) < count:
        pairs = Counter(pair for sequence in sequences for pair in zip(sequence, sequence[1:]))
        (best, most), (_, second) = pairs.most_common(2)
        assert most > second, "the data must not leave a choice"
        merges.append(best[0] + best[1])
        sequences = [merged(sequence, best) for sequence in sequences]
    return merges


def merged(sequence, pair):
    result, i = [], 0
    while i < len(sequence):
        found = tuple(sequence[i : i + 2]) == pair
        result.append(pair[0] + pair[1] if found else sequence[i])
        i += 2 if found else 1
    return result


def markov(rng, transitions, length):
    """Units without immediate repetition, some transitions much more likely than others."""
    units = [0]
    while len(units) < length:
        chances = transitions[units[-1]].copy()
        chances[units[-1]] = 0
        units.append(rng.choice(K, p=chances / chances.sum()))
    return np.array(units, dtype=np.uint16)


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    transitions = rng.dirichlet(np.full(K, 0.5), size=K)
    return [markov(rng, transitions, 300) for _ in range(20)]


@pytest.fixture(scope="module")
def bpe(sequences):
    return Bpe(train_bpe(sequences, K, vocab_size=60, max_length=64))


def test_first_merges_are_those_of_the_naive_algorithm(sequences, bpe):
    assert bpe.pieces[1:13] == naive_merges(sequences, 12)


def test_one_sequence_beyond_16_bits_is_not_cut():
    rng = np.random.default_rng(1)
    units = rng.integers(0, 90, 80_000).astype(np.uint16)
    for start in range(70_000, 79_000, 100):
        units[start : start + 4] = [91, 92, 93, 94]
    pieces = Bpe(train_bpe([units], 95, vocab_size=100, max_length=64)).pieces
    assert (91, 92, 93, 94) in pieces


def test_every_unit_is_one_private_character():
    everything = np.arange(6400)
    text = to_text(everything)
    assert len(text) == 6400
    assert (text[0], text[-1]) == ("\ue000", "\uf8ff")
    assert np.array_equal(to_units(text), everything)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, K - 1), max_size=200))
def test_any_sequence_decodes_back(bpe, units):
    tokens = bpe.encode(np.array(units, dtype=np.uint16))
    assert bpe.decode(tokens).tolist() == units
    assert bpe.lengths_V[tokens].sum() == len(units)
    assert tokens.dtype == np.int32


def test_units_that_never_occurred_in_training_have_a_piece():
    bpe = Bpe(train_bpe([np.array([0, 1, 0, 1])], 50, vocab_size=52, max_length=64))
    assert {piece for piece in bpe.pieces if len(piece) == 1} == {(unit,) for unit in range(50)}
    assert bpe.decode(bpe.encode(np.array([49, 0, 1, 48]))).tolist() == [49, 0, 1, 48]


def test_the_pieces_that_secure_every_unit_do_not_change_what_is_merged(sequences):
    doubled = train_bpe(sequences, K, 40, 64), train_bpe(sequences, 2 * K, 40 + K, 64)
    longer = [[piece for piece in Bpe(model).pieces if len(piece) > 1] for model in doubled]
    assert longer[0] == longer[1]


def test_falls_back_to_the_largest_possible_vocabulary(sequences):
    few = [sequences[0][:40]]
    pieces = Bpe(train_bpe(few, K, vocab_size=5000, max_length=64)).pieces
    assert len(pieces) < 5000
    assert len(Bpe(train_bpe(few, K, vocab_size=len(pieces) - 1, max_length=64)).pieces) == len(pieces) - 1
    text = to_text(few[0])
    assert text in map(to_text, pieces)  # merged to the very end
    assert all(to_text(piece) in text for piece in pieces if len(piece) > 1)


def test_a_vocabulary_below_the_number_of_units_is_raised():
    pieces = Bpe(train_bpe([np.array([0, 1, 0, 1])], 30, vocab_size=10, max_length=64)).pieces
    assert sorted(pieces) == [(), *((unit,) for unit in range(30))]


def test_no_piece_is_longer_than_allowed():
    repeated = [np.arange(64)] * 5
    longest = [
        max(map(len, Bpe(train_bpe(repeated, 64, vocab_size=500, max_length=limit)).pieces)) for limit in (2, 32, 64)
    ]
    assert longest == [2, 32, 64]


def test_long_utterances_are_not_dropped():
    # 3 bytes a character: SentencePiece's default drops utterances of more than 1,397 units
    rng = np.random.default_rng(2)
    long = [rng.integers(0, 20, 5_000) for _ in range(3)]
    assert Bpe(train_bpe(long, 20, vocab_size=100, max_length=64)).vocab_size == 100


def test_the_model_is_the_same_bytes_each_time(sequences):
    assert train_bpe(sequences, K, 60, 64) == train_bpe(sequences, K, 60, 64)


def test_no_utterances_still_give_the_units():
    assert Bpe(train_bpe([], 3, vocab_size=10, max_length=64)).vocab_size == 4


def test_a_unit_of_another_codebook_is_refused(bpe):
    with pytest.raises(AmelaError, match="decode back"):
        bpe.encode(np.array([0, K + 1]))


def test_too_many_units_for_the_private_use_area():
    with pytest.raises(AmelaError, match="6401 units"):
        train_bpe([np.array([0])], 6401, vocab_size=7000, max_length=64)
