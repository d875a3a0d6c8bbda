import numpy as np
import pytest

from amela.vad.frames import BLOCK_FRAMES, framed

HOP = 7


def samples(n: int) -> np.ndarray:
    return (np.arange(n) % 30_000 + 1).astype(np.int16)  # no zeros, which stand for padding


def cut(samples_N: np.ndarray, sizes: list) -> list:
    return np.split(samples_N, np.cumsum(sizes))


@pytest.mark.parametrize("n", [0, 1, 6, 7, 8, 700, HOP * BLOCK_FRAMES, HOP * BLOCK_FRAMES + 1, 9_000])
def test_every_sample_comes_out_once_and_zeros_fill_the_last_frame(n):
    blocks = list(framed([samples(n)], HOP))
    joined = np.concatenate([np.zeros((0, HOP), np.int16), *blocks])
    assert len(joined) == -(-n // HOP)
    assert np.array_equal(joined.ravel()[:n], samples(n))
    assert not joined.ravel()[n:].any()


def test_block_sizes_do_not_show_in_the_grid():
    whole = [block.copy() for block in framed([samples(9_000)], HOP)]
    for sizes in ([1], [0, 0, 5], [HOP * BLOCK_FRAMES], [HOP * BLOCK_FRAMES - 1, 2], list(range(1, 120))):
        pieces = list(framed(iter(cut(samples(9_000), sizes)), HOP))
        assert [block.shape for block in pieces] == [(BLOCK_FRAMES, HOP), (BLOCK_FRAMES, HOP), (262, HOP)]
        assert all(np.array_equal(a, b) for a, b in zip(whole, pieces))


def test_rows_are_contiguous_whatever_the_input_is():
    for block in framed([np.repeat(samples(5_000), 3)[::3]], HOP):
        assert all(row.flags.c_contiguous for row in block)


@pytest.mark.parametrize("block", [np.zeros(5, np.float32), np.zeros((5, 1), np.int16)])
def test_other_shapes_and_types_are_refused(block):
    with pytest.raises(ValueError, match="int16"):
        next(framed([block], HOP))
