"""A vocabulary of motifs: a SentencePiece model and the description of what it is for (bpe.json)."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import numpy as np

from amela.errors import DataError
from amela.provenance import check_fingerprint
from amela.units.bpe import Bpe, train_bpe
from amela.units.sample import UnitSample

logger = logging.getLogger("vocabulary")


@dataclass(frozen=True)
class Vocabulary:
    """A trained model and which units it is for."""

    bpe: Bpe
    deduplicate: bool  # runs of one unit count as one
    units_fingerprint: Dict[str, Any]  # of the codebook
    sha256: str  # of the model

    @property
    def fingerprint(self) -> Dict[str, Any]:
        """What makes motifs comparable; motif files carry it."""
        return {"units": self.units_fingerprint, "deduplicate": self.deduplicate, "sha256": self.sha256}

    def check_units(self, fingerprint: Dict[str, Any], where: Path) -> None:
        """Raise DataError where units are not of the codebook that the model was trained on."""
        check_fingerprint(fingerprint, self.units_fingerprint, where)


def learn_vocabulary(sample: UnitSample, vocab_size: int, max_length: int) -> Tuple[bytes, Dict[str, Any]]:
    """Model and description of the motifs of a sample; says where it is not what was asked for."""
    seen = {"sentences": 0, "units": 0}

    def counted() -> Iterator[np.ndarray]:
        for units_T in sample.sequences():
            seen["sentences"] += 1
            seen["units"] += len(units_T)
            yield units_T

    model = train_bpe(counted(), sample.k, vocab_size, max_length)
    size = Bpe(model).vocab_size
    if size < vocab_size:
        logger.warning("the data allow %d pieces, %d were asked for", size, vocab_size)
    if size == sample.k + 1:
        logger.warning(
            "no motif is longer than one unit: %d pieces were asked for, and the %d units need %d; raise vocab_size",
            vocab_size, sample.k, size,
        )  # fmt: skip
    logger.info("%d pieces from %d utterances, %d units", size, seen["sentences"], seen["units"])
    description = {
        **seen,
        "asked": vocab_size,
        "vocab_size": size,
        "deduplicate": sample.runs_as_one,
        "units_available": sample.available,
        "fingerprint": sample.fingerprint,
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    return model, description


def load_vocabulary(model: Path, description: Path) -> Vocabulary:
    """Read both files. Raises DataError where they do not belong together."""
    content = model.read_bytes()
    found = json.loads(description.read_text("utf-8"))
    if hashlib.sha256(content).hexdigest() != found["sha256"]:
        raise DataError(f"not the model that {description.name} describes", model, "make both again")
    return Vocabulary(Bpe(content), found["deduplicate"], found["fingerprint"], found["sha256"])
