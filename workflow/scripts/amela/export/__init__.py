"""Formats of other tools.

Standard library only at import: the rule files read ``UNIT_FORMATS``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Type

from amela.errors import AmelaError

if TYPE_CHECKING:
    from amela.export.exporter import Exporter

UNIT_FORMATS = {
    "corpus-json": "amela.export.timestamps:CorpusJson",
    "bpe-text": "amela.export.lines:BpeText",
    "textless": "amela.export.lines:Textless",
    "slamkit": "amela.export.lines:Slamkit",
    "discophon": "amela.export.lines:Discophon",
    "kaldi": "amela.export.kaldi:Kaldi",
    "pt": "amela.export.tensors:UnitTensors",
}
FEATURE_FORMATS = ("npy", "pt")


def unit_format(name: str) -> Type[Exporter]:
    """Exporter of units by the name of its format. Raises AmelaError if it is unknown."""
    if name not in UNIT_FORMATS:
        raise AmelaError(f"unknown format of units {name!r}; known: {', '.join(sorted(UNIT_FORMATS))}")
    module, _, attribute = UNIT_FORMATS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
