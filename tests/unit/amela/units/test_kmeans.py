"""Mirrors workflow/scripts/amela/units/kmeans.py."""

import numpy as np
import pytest

from amela.errors import AmelaError
from amela.units.kmeans import UnitUse, assign_units, fit_centroids, measure_use


def brute_force(features, centroids):
    """One loop per pair; shares no code with the library."""
    return [
        min(range(len(centroids)), key=lambda k: sum((x - c) ** 2 for x, c in zip(frame, centroids[k])))
        for frame in features.tolist()
    ]


@pytest.mark.parametrize("n_frames", [0, 1, 7, 300])
@pytest.mark.parametrize("block", [1, 5, 4096])
def test_assignment_matches_brute_force_for_every_block_size(n_frames, block):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n_frames, 6)).astype(np.float32)
    centroids = rng.standard_normal((11, 6)).astype(np.float32)
    units = assign_units(features, centroids, block=block)
    assert units.dtype == np.uint16 and units.shape == (n_frames,)
    assert units.tolist() == brute_force(features, centroids.tolist())


def test_close_centroids_far_from_the_origin():
    """In float32 the squares swallow the difference: 10,000² + 1 is 10,000²."""
    centroids = np.array([[10_000, 0], [10_000.01, 0]], dtype=np.float32)
    assert assign_units(centroids, centroids).tolist() == [0, 1]


def test_ties_go_to_the_lowest_index():
    assert assign_units(np.zeros((1, 2)), np.array([[1.0, 0], [-1, 0], [0, 1]])).tolist() == [0]


def test_the_last_of_65536_units_fits():
    centroids = np.arange(65_536, dtype=np.float32)[:, None]
    assert assign_units(np.array([[70_000.0]]), centroids).tolist() == [65_535]


@pytest.mark.parametrize(
    "features, centroids, message",
    [
        (np.zeros((3, 4)), np.zeros((2, 5)), "need"),
        (np.zeros(4), np.zeros((2, 4)), "need"),
        (np.zeros((3, 4)), np.zeros((0, 4)), "centroids"),
        (np.zeros((1, 1)), np.zeros((65_537, 1)), "centroids"),
        (np.full((1, 1), np.nan), np.zeros((1, 1)), "finite"),
    ],
)
def test_assignment_refuses(features, centroids, message):
    with pytest.raises(ValueError, match=message):
        assign_units(features, centroids)


def clouds(n=300):
    """Eight clouds of deviation 0.1 on the corners of a cube, the last of them small."""
    rng = np.random.default_rng(3)
    corners = np.array([[x, y, z] for x in (0, 4) for y in (0, 4) for z in (0, 4)], dtype=float)
    sizes = [n] * 7 + [n // 10]
    return corners, np.concatenate(
        [corner + 0.1 * rng.standard_normal((size, 3)) for corner, size in zip(corners, sizes)]
    ).astype(np.float32)


def test_fit_finds_clouds_even_a_rare_one():
    corners, frames = clouds()
    centroids, effort = fit_centroids(frames, k=8, batch=256, max_epochs=50, seed=0)
    assert centroids.dtype == np.float32 and effort["epochs"] >= 1
    nearest = np.abs(centroids[:, None] - corners[None]).max(axis=2)
    assert sorted(nearest.argmin(axis=1)) == list(range(8)) and nearest.min(axis=1).max() < 0.1
    use = measure_use(frames, centroids)
    assert sorted(use.frames_K) == [30] + [300] * 7
    assert use.inertia == pytest.approx(3 * 0.1**2, rel=0.1)


def test_fit_is_deterministic_and_its_seed_counts():
    frames = np.random.default_rng(0).standard_normal((500, 4)).astype(np.float32)
    first, again, other = (fit_centroids(frames, 10, 100, 5, seed)[0] for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_fit_with_as_many_frames_as_units_and_one_fewer():
    frames = np.arange(6, dtype=np.float32)[:, None]
    assert len(fit_centroids(frames, k=6, batch=10_000, max_epochs=1, seed=0)[0]) == 6
    with pytest.raises(AmelaError, match="7 units cannot be fitted on 6 frames"):
        fit_centroids(frames, k=7, batch=10_000, max_epochs=1, seed=0)


def test_use_of_a_codebook():
    use = measure_use(np.array([[0.0], [1.0], [11.0], [10.0]]), np.array([[0.0], [10.0], [99.0]]))
    assert use.frames_K.tolist() == [2, 2, 0]
    assert use.inertia == pytest.approx(0.5)
    assert use.perplexity == pytest.approx(2.0)
    assert use.report() == {
        "k": 3,
        "frames": 4,
        "inertia_per_frame": 0.5,
        "perplexity": pytest.approx(2.0),
        "largest_share": 0.5,
        "empty_units": 1,
        "rare_units": 1,
    }


@pytest.mark.parametrize(
    "frames, message", [([95, 5], "unit 0 is 95.0%"), ([7, 0], "unit 0 is"), ([5, 5, 0, 0, 0], "3 of 5 units")]
)
def test_a_useless_codebook_is_refused(frames, message):
    with pytest.raises(AmelaError, match=message):
        UnitUse(np.array(frames), 1.0).check()


@pytest.mark.parametrize("frames", [[94, 6], [5, 5, 0, 0], [1, 1]])
def test_a_usable_codebook_passes(frames):
    UnitUse(np.array(frames), 1.0).check()
