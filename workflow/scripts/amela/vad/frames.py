"""From blocks of any size to whole frames, on a grid that does not depend on the blocks."""

from __future__ import annotations

from typing import Iterable, Iterator

import numpy as np

BLOCK_FRAMES = 512  # frames a block: bounds memory; beyond it no backend gets faster


def framed(blocks: Iterable[np.ndarray], hop_samples: int) -> Iterator[np.ndarray]:
    """Cut one file into frames.

    Args:
        blocks: consecutive samples, each (n,) int16; n may be 0.
        hop_samples: samples a frame; frames do not overlap.

    Yields:
        (B, hop_samples) int16, C-contiguous, with B = BLOCK_FRAMES but in the last block;
        zeros fill up the last frame. Nothing for a file without samples.

    Raises:
        ValueError: a block is not one-dimensional int16.
    """
    size = hop_samples * BLOCK_FRAMES
    buffer, filled = np.zeros(size, np.int16), 0
    for block in blocks:
        if block.dtype != np.int16 or block.ndim != 1:
            raise ValueError(f"need blocks of (n,) int16, got {block.shape} {block.dtype}")
        while len(block):
            taken = block[: size - filled]
            buffer[filled : filled + len(taken)] = taken
            filled += len(taken)
            block = block[len(taken) :]
            if filled == size:
                yield buffer.reshape(-1, hop_samples)
                buffer, filled = np.zeros(size, np.int16), 0
    if filled:
        frames = -(-filled // hop_samples)
        yield buffer[: frames * hop_samples].reshape(-1, hop_samples)
