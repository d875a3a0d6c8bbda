"""Mirrors workflow/scripts/amela/asr/chunks.py."""

import numpy as np
import pytest

from amela.asr.chunks import chunks


def noise(n_samples):
    return np.random.default_rng(0).uniform(-0.5, 0.5, n_samples).astype(np.float32)


@pytest.mark.parametrize("n_samples", [0, 1, 31_999, 32_000])
def test_what_is_short_enough_stays_whole(n_samples):
    assert list(chunks(noise(n_samples), 2.0)) == [(0, n_samples)]


@pytest.mark.parametrize("n_samples", [32_001, 100_003, 400_000])
def test_pieces_cover_everything_and_none_is_too_long(n_samples):
    pieces = list(chunks(noise(n_samples), 2.0))
    assert pieces[0][0] == 0 and pieces[-1][1] == n_samples
    assert all(before[1] == after[0] for before, after in zip(pieces, pieces[1:]))
    assert all(16_000 <= stop - start <= 32_000 for start, stop in pieces[:-1])
    assert 0 < pieces[-1][1] - pieces[-1][0] <= 32_000


def test_cuts_in_the_middle_of_a_pause_of_the_second_half():
    samples = noise(40_000)
    samples[8_000:12_000] = 0  # in the first half: no cut there
    samples[20_000:24_800] *= 0.01
    assert [stop for _, stop in chunks(samples, 2.0)][0] == pytest.approx(22_400, abs=800)


def test_silence_is_cut_too():
    assert list(chunks(np.zeros(50_000, np.float32), 2.0)) == [(0, 17_600), (17_600, 35_200), (35_200, 50_000)]
