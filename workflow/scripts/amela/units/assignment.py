"""Units on the device that the features are on."""

from __future__ import annotations

import numpy as np
import torch

# Shape legend: T = frames, D = dimension, K = units, B = block, C = candidates.

BLOCK = 8_192  # frames a matrix product: bounds memory at 4 · B · K bytes
CANDIDATES = 4  # nearest centroids in float32 that are compared again in float64


class TensorAssigner:
    """Nearest centroids, as ``amela.units.kmeans.assign_units`` finds them in float64.

    The distances to all centroids are computed in float32, about the mean of all centroids so
    that large common values cancel before rounding; those to the nearest few again in float64,
    since float32 alone can swap two close centroids.
    """

    def __init__(self, centroids_KD: torch.Tensor) -> None:
        self._mean_D = centroids_KD.double().mean(dim=0)
        self._wide_KD = centroids_KD.double() - self._mean_D
        self._half_norms_K = 0.5 * self._wide_KD.square().sum(dim=1)
        self._centroids_DK = self._wide_KD.float().T.contiguous()
        self._candidates = min(CANDIDATES, len(centroids_KD))

    def __call__(self, features_TD: torch.Tensor) -> np.ndarray:
        """Units, uint16, shape (T,); ties go to the lowest index.

        Raises:
            ValueError: a feature is not finite.
        """
        if not torch.isfinite(features_TD).all():
            raise ValueError("features must be finite")
        blocks = [self._block(features_BD) for features_BD in features_TD.split(BLOCK)] if len(features_TD) else []
        return torch.cat(blocks).cpu().numpy().astype(np.uint16) if blocks else np.zeros(0, np.uint16)

    def _block(self, features_BD: torch.Tensor) -> torch.Tensor:
        centred_BD = features_BD.double() - self._mean_D
        scores_BK = self._half_norms_K.float() - centred_BD.float() @ self._centroids_DK
        nearest_BC = scores_BK.topk(self._candidates, dim=1, largest=False).indices.sort(dim=1).values
        products_BC = torch.einsum("bd,bcd->bc", centred_BD, self._wide_KD[nearest_BC])
        exact_BC = self._half_norms_K[nearest_BC] - products_BC
        return nearest_BC.gather(1, exact_BC.argmin(dim=1, keepdim=True))[:, 0]
