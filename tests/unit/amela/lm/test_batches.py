import numpy as np
import torch

from amela.lm.batches import cut_pieces, length_batches, pad_batch

CPU = torch.device("cpu")


def test_pieces_predict_every_symbol_once_and_in_order():
    sequence = np.arange(24)
    pieces = cut_pieces([sequence], piece=10)
    assert [len(piece) - 1 for piece in pieces] == [10, 10, 3]
    assert np.concatenate([piece[1:] for piece in pieces]).tolist() == sequence[1:].tolist()
    assert [piece[0] for piece in pieces] == [0, 10, 20]  # the symbol before each piece is its first input


def test_a_sequence_of_just_one_piece_is_not_cut():
    assert [len(piece) for piece in cut_pieces([np.arange(11), np.arange(12)], piece=10)] == [11, 11, 2]


def test_batches_hold_each_sequence_once_and_neighbours_in_length():
    lengths = np.random.default_rng(0).integers(1, 50, 30)
    batches = length_batches(lengths, 7)
    assert sorted(np.concatenate(batches).tolist()) == list(range(30))
    assert [len(batch) for batch in batches] == [7, 7, 7, 7, 2]
    for shorter, longer in zip(batches, batches[1:]):
        assert lengths[shorter].max() <= lengths[longer].min()


def test_padding_is_the_target_wherever_a_sequence_has_ended():
    inputs_BT, targets_BT = pad_batch([np.array([5, 1, 5]), np.array([5, 1, 2, 3, 5])], 6, CPU)
    assert inputs_BT.tolist() == [[5, 1, 5, 6], [5, 1, 2, 3]]
    assert targets_BT.tolist() == [[1, 5, 6, 6], [1, 2, 3, 5]]
