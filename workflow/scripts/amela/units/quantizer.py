"""Speech to units: encoder, normalizer and codebook that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

import numpy as np

from amela.encoders import Encoder, load_encoder
from amela.errors import AmelaError
from amela.io.manifest import Utterance
from amela.provenance import check_fingerprint
from amela.units.codebook import Codebook, read_codebook
from amela.units.features import encoder_fingerprint
from amela.units.kmeans import assign_units
from amela.units.normalize import Normalizer, group_of, read_normalizer


@dataclass(frozen=True)
class Quantizer:
    """Everything between the samples of an utterance and its units."""

    encoder: Encoder
    codebook: Codebook
    normalizer: Optional[Normalizer]

    def units(self, utterance: Utterance, samples_N: np.ndarray) -> np.ndarray:
        """Units of one utterance, uint16, shape (T,), T = ``frame_count(N, hop)``.

        Raises:
            Rejected: there is nothing to encode.
            DataError: the normalizer has not seen its speaker or recording.
        """
        features_TD = self.encoder.encode(samples_N)
        if self.normalizer is not None:
            group = group_of(utterance, self.codebook.fingerprint["normalize"])
            features_TD = self.normalizer.apply(group, features_TD)
        return assign_units(features_TD, self.codebook.centroids_KD)


def load_quantizer(spec: Mapping[str, Any], codebook: Path, normalizer: Optional[Path]) -> Quantizer:
    """Quantizer from an encoder's settings and files.

    Raises:
        DataError: codebook or normalizer were made with another encoder.
        AmelaError: the encoder's ``normalize`` wants a normalizer and none is given, or the reverse.
    """
    encoder = load_encoder(spec)
    made_by = encoder_fingerprint(spec, encoder.hop, encoder.dimension)
    book = read_codebook(codebook)
    check_fingerprint(book.fingerprint, made_by, codebook)
    if (normalizer is None) != (made_by["normalize"] == "none"):
        raise AmelaError(f"normalize is {made_by['normalize']!r}, the normalizer is {normalizer}", codebook)
    statistics = read_normalizer(normalizer) if normalizer is not None else None
    if statistics is not None:
        check_fingerprint(statistics.fingerprint, made_by, normalizer)
    return Quantizer(encoder, book, statistics)
