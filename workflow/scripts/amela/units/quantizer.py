"""Speech to units: encoder, normalizer and codebook that belong together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional

import numpy as np

from amela.encoders import Encoder
from amela.io.manifest import Utterance
from amela.provenance import check_fingerprint
from amela.units.codebook import Codebook, read_codebook
from amela.units.features import as_numpy, encoder_fingerprint
from amela.units.kmeans import assign_units
from amela.units.normalize import Normalizer, group_of, normalizer_of

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt


class Quantizer:
    """Features to units: normalizer and codebook that belong to an encoder, on its device."""

    def __init__(self, encoder: Encoder, codebook: Codebook, normalizer: Optional[Normalizer] = None) -> None:
        self.codebook = codebook
        self._array = encoder.array
        self._normalizer = normalizer
        self._centroids_KD = encoder.array(codebook.centroids_KD)
        self._assign = self._assigner()

    def _assigner(self) -> Any:
        if isinstance(self._centroids_KD, np.ndarray):
            return lambda features_TD: assign_units(features_TD, self._centroids_KD)
        from amela.units.assignment import TensorAssigner  # here, since it needs torch

        return TensorAssigner(self._centroids_KD)

    def units(self, utterance: Utterance, features_TD: Any) -> np.ndarray:
        """Units of a stretch of an utterance, uint16, shape (T,).

        Args:
            features_TD: as the encoder gave them.

        Raises:
            DataError: the normalizer has not seen its speaker or recording.
        """
        if self._normalizer is not None:
            group = group_of(utterance, self.codebook.fingerprint["normalize"])
            features_TD = self._array(self._normalizer.apply(group, as_numpy(features_TD)))
        return self._assign(features_TD)


def load_quantizer(
    spec: Mapping[str, Any],
    encoder: Encoder,
    codebook: Path,
    normalizer: Optional[Path] = None,
    checkpoint: Optional[Receipt] = None,
) -> Quantizer:
    """Quantizer from files.

    Args:
        spec: settings of the encoder.
        checkpoint: its weights, if it has any.

    Raises:
        DataError: codebook or normalizer were made with another encoder.
        AmelaError: the encoder's ``normalize`` wants a normalizer and none is given, or the reverse.
    """
    made_by = encoder_fingerprint(spec, encoder.hop, encoder.dimension, checkpoint)
    book = read_codebook(codebook)
    check_fingerprint(book.fingerprint, made_by, codebook)
    return Quantizer(encoder, book, normalizer_of(normalizer, made_by))
