"""Mirrors workflow/scripts/amela/units/assignment.py."""

import numpy as np
import pytest
import torch

from amela.units.assignment import BLOCK, TensorAssigner
from amela.units.kmeans import assign_units


def agree_with_float64(centroids, features):
    units = TensorAssigner(torch.from_numpy(centroids))(torch.from_numpy(features))
    np.testing.assert_array_equal(units, assign_units(features, centroids))


@pytest.mark.parametrize("k, dimension, frames", [(2, 3, 10), (3, 8, BLOCK + 7), (500, 64, 2_000)])
def test_agrees_with_float64(k, dimension, frames):
    rng = np.random.default_rng(k)
    centroids = rng.normal(size=(k, dimension)).astype(np.float32)
    features = rng.normal(size=(frames, dimension)).astype(np.float32)
    units = TensorAssigner(torch.from_numpy(centroids))(torch.from_numpy(features))
    assert units.dtype == np.uint16
    np.testing.assert_array_equal(units, assign_units(features, centroids))


def test_close_centroids_far_from_zero_are_told_apart():
    """In float32 alone |c|²/2 - x·c of these is noise: 64 · 1000² swallows differences of 0.01."""
    rng = np.random.default_rng(0)
    centroids = (1_000 + rng.normal(scale=0.01, size=(50, 64))).astype(np.float32)
    agree_with_float64(centroids, centroids[rng.integers(50, size=1_000)])


def test_large_dimensions_that_all_share_hide_nothing():
    """As in the residual stream of models that normalise before their blocks."""
    rng = np.random.default_rng(0)
    centroids = rng.normal(size=(300, 64)).astype(np.float32)
    features = (centroids[rng.integers(300, size=2_000)] + rng.normal(scale=0.7, size=(2_000, 64))).astype(np.float32)
    for values in (centroids, features):
        values[:, :2] = 10_000 + rng.normal(size=(len(values), 2))
    agree_with_float64(centroids, features)


def test_ties_go_to_the_lowest_index():
    assigner = TensorAssigner(torch.tensor([[1.0], [-1.0], [1.0], [3.0], [5.0], [7.0]]))
    assert assigner(torch.tensor([[1.0], [0.0], [-4.0]])).tolist() == [0, 0, 1]


def test_no_frames_no_units():
    units = TensorAssigner(torch.ones(2, 3))(torch.zeros(0, 3))
    assert units.shape == (0,) and units.dtype == np.uint16


def test_refuses_what_is_not_finite():
    with pytest.raises(ValueError, match="finite"):
        TensorAssigner(torch.ones(2, 3))(torch.full((1, 3), float("nan")))
