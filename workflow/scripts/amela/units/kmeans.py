"""K-means: fit a codebook, assign units, and say how well a codebook is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Tuple

import numpy as np

from amela.errors import AmelaError

# Shape legend: N = frames of a sample, T = frames of an utterance, D = dimension, K = units, B = block.

BLOCK = 4_096  # frames a matrix product: bounds memory at 8 · B · K bytes
MAX_UNITS = 1 << 16  # units are stored in 16 bits
STARTS = 3  # k-means++ starts, of which the best on a part of the sample is taken
PATIENCE = 50  # batches without a lower (smoothed) inertia, after which the fit ends
RARE = 0.1  # a unit is rare below this share of the mean use
COLLAPSED = 0.95  # of all frames in one unit: nothing was learned


def assign_units(features_TD: np.ndarray, centroids_KD: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """Index of the nearest centroid, frame by frame.

    Squared Euclidean distance, ranked by |c|²/2 - x·c (|x|² is the same for all c), in
    float64: in float32 the difference of large numbers can swap two close centroids. Ties
    go to the lowest index.

    Args:
        features_TD: shape (T, D), any float type; T may be 0.
        centroids_KD: codebook, shape (K, D).
        block: frames a matrix product; the result does not depend on it.

    Returns:
        Units, uint16, shape (T,), each below K.

    Raises:
        ValueError: shapes disagree, the codebook is empty or too large, or a value is not finite.
    """
    if features_TD.ndim != 2 or centroids_KD.ndim != 2 or features_TD.shape[1] != centroids_KD.shape[1]:
        raise ValueError(f"need (T, D) and (K, D), got {features_TD.shape} and {centroids_KD.shape}")
    if not 0 < len(centroids_KD) <= MAX_UNITS:
        raise ValueError(f"need 1 to {MAX_UNITS} centroids, got {len(centroids_KD)}")
    if not (np.isfinite(features_TD).all() and np.isfinite(centroids_KD).all()):
        raise ValueError("features and centroids must be finite")
    wide_KD = centroids_KD.astype(np.float64)
    half_norm_K = 0.5 * np.square(wide_KD).sum(axis=1)
    units_T = np.empty(len(features_TD), dtype=np.uint16)
    for start in range(0, len(features_TD), block):
        frames_BD = features_TD[start : start + block].astype(np.float64)
        units_T[start : start + block] = (half_norm_K - frames_BD @ wide_KD.T).argmin(axis=1)
    return units_T


def fit_centroids(
    frames_ND: np.ndarray, k: int, batch: int, max_epochs: int, seed: int
) -> Tuple[np.ndarray, Dict[str, int]]:
    """Centroids by mini-batch k-means (Sculley 2010) from k-means++ starts, with one thread.

    Args:
        frames_ND: normalised features, float32, shape (N, D), N >= k.
        k: number of centroids.
        batch: frames a step.
        max_epochs: passes over the sample at most; it ends before when nothing improves.
        seed: of starts and batches; same seed and frames, same centroids.

    Returns:
        centroids_KD, float32; and ``{"epochs", "steps"}`` that it took.

    Raises:
        AmelaError: there are fewer frames than centroids.
    """
    if len(frames_ND) < k:
        raise AmelaError(
            f"{k} units cannot be fitted on {len(frames_ND)} frames",
            todo="give the codebook a smaller k, more fit_hours or a larger corpus",
        )
    # Here, because assigning units needs neither, nor do the environments that assign them have them.
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    # scikit-learn 1.9 fails after a single step unless it computes labels, which nothing here needs.
    single_step = max_epochs * len(frames_ND) < 2 * min(batch, len(frames_ND))
    model = MiniBatchKMeans(
        n_clusters=k,
        init="k-means++",
        n_init=STARTS,
        batch_size=batch,
        max_iter=max_epochs,
        max_no_improvement=PATIENCE,
        reassignment_ratio=0.0,  # else every unit below a share of the *largest* one (silence) is thrown away
        compute_labels=single_step,
        random_state=seed,
    )
    with threadpool_limits(1):
        model.fit(frames_ND)
    return model.cluster_centers_.astype(np.float32), {"epochs": int(model.n_iter_), "steps": int(model.n_steps_)}


@dataclass(frozen=True)
class UnitUse:
    """How a sample uses its codebook."""

    frames_K: np.ndarray  # frames of each unit, int64
    inertia: float  # mean squared distance of a frame to its centroid

    @property
    def shares_K(self) -> np.ndarray:
        """Share of all frames of each unit."""
        return self.frames_K / self.frames_K.sum()

    @property
    def perplexity(self) -> float:
        """exp of the entropy of unit use: K if all units are used alike, 1 if only one is."""
        shares = self.shares_K[self.frames_K > 0]
        return float(np.exp(-(shares * np.log(shares)).sum()))

    @property
    def empty(self) -> int:
        """Units that no frame has."""
        return int((self.frames_K == 0).sum())

    @property
    def rare(self) -> int:
        """Units with less than a tenth of the mean use; empty ones are among them."""
        return int((self.frames_K < RARE * self.frames_K.mean()).sum())

    def report(self) -> Dict[str, Any]:
        """Numbers for a codebook's report."""
        return {
            "k": len(self.frames_K),
            "frames": int(self.frames_K.sum()),
            "inertia_per_frame": self.inertia,
            "perplexity": self.perplexity,
            "largest_share": float(self.shares_K.max()),
            "empty_units": self.empty,
            "rare_units": self.rare,
        }

    def check(self) -> None:
        """Raise AmelaError on a codebook that tells nothing: one unit nearly everywhere, or most units unused."""
        if self.shares_K.max() >= COLLAPSED:
            what = f"unit {int(self.frames_K.argmax())} is {self.shares_K.max():.1%} of all frames"
        elif 2 * self.empty > len(self.frames_K):
            what = f"{self.empty} of {len(self.frames_K)} units are never used"
        else:
            return
        raise AmelaError(
            f"the codebook is of no use: {what}", todo="listen to the recordings (silence?), or give a smaller k"
        )


def measure_use(frames_ND: np.ndarray, centroids_KD: np.ndarray) -> UnitUse:
    """Exact assignment of a sample, in float64."""
    units_N = assign_units(frames_ND, centroids_KD)
    total = 0.0
    for start in range(0, len(frames_ND), BLOCK):
        nearest_BD = centroids_KD[units_N[start : start + BLOCK]].astype(np.float64)
        total += float(np.square(frames_ND[start : start + BLOCK] - nearest_BD).sum())
    frames_K = np.bincount(units_N, minlength=len(centroids_KD)).astype(np.int64)
    return UnitUse(frames_K, total / len(frames_ND))
