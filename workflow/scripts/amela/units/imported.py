"""A codebook that others fitted: whether it belongs to an encoder, and its centroids in AMELA's own file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional

import numpy as np

from amela.checkpoints.receipt import check_made_for
from amela.encoders import Encoder
from amela.errors import AmelaError
from amela.provenance import check_fingerprint
from amela.units.codebook import Codebook, make_codebook, read_codebook
from amela.units.features import encoder_fingerprint
from amela.units.kmeans_file import read_centroids

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt


def import_codebook(
    quantizer: Receipt, k: int, spec: Mapping[str, Any], encoder: Encoder, weights: Optional[Receipt] = None
) -> Codebook:
    """Codebook of an encoder, from a file of AMELA's own (``.parquet``) or one of ``read_centroids``.

    Args:
        quantizer: its receipt, of one file.
        k: units that it must have.
        spec: settings of the encoder.
        weights: receipt of the encoder's weights, if it has any.

    Raises:
        AmelaError: it belongs to another encoder, or has another number of units.
        DataError: the file is no codebook.
    """
    path = quantizer.only_file()
    made_by = encoder_fingerprint(spec, encoder.hop, encoder.dimension, weights)
    if path.suffix == ".parquet":
        codebook = read_codebook(path)
        check_fingerprint(codebook.fingerprint, made_by, path)
    else:
        check_belongs(quantizer, spec, encoder, weights)
        centroids_KD = read_centroids(path)
        check_dimension(centroids_KD, encoder, path)
        codebook = make_codebook(centroids_KD, np.zeros(len(centroids_KD), dtype=np.int64), made_by)
    if codebook.k != k:
        raise AmelaError(f"this codebook has {codebook.k} units, k is {k}", path, f"set k: {codebook.k}")
    return codebook


def check_belongs(
    quantizer: Receipt, spec: Mapping[str, Any], encoder: Encoder, weights: Optional[Receipt] = None
) -> None:
    """Raise AmelaError where a codebook cannot have been fitted on features of this encoder."""
    if spec.get("normalize", "none") != "none":
        raise AmelaError(
            f"features are normalised by {spec['normalize']}; this codebook was fitted on features as they are",
            quantizer.name,
            "set normalize: none",
        )
    check_made_for(quantizer, weights, "fitted on features", "encoder", spec["backend"])
    for key, wanted, found in (
        ("layer", quantizer.layer, spec.get("layer", quantizer.layer)),
        ("hop", quantizer.hop, encoder.hop),
    ):
        if wanted is not None and wanted != found:
            raise AmelaError(f"fitted on {key} {wanted}, the encoder gives {key} {found}", quantizer.name)


def check_dimension(centroids_KD: np.ndarray, encoder: Encoder, path: Path) -> None:
    """Raise AmelaError unless the centroids are where the encoder's features are."""
    if centroids_KD.shape[1] != encoder.dimension:
        raise AmelaError(
            f"centroids of {centroids_KD.shape[1]} dimensions, the encoder gives {encoder.dimension}",
            path,
            "choose the codebook that was fitted on features of this encoder",
        )
