"""The registry of checkpoints, ``resources/checkpoints.tsv``, and what a configuration's ``checkpoint`` means.

Standard library only: the Snakefile imports this module.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from amela.checkpoints.layout import ARCHIVE, PATH_LIKE, borrowed, chosen, files_in, local_language_model
from amela.checkpoints.receipt import Facts
from amela.errors import AmelaError, DataError

REGISTRY = Path(__file__).resolve().parents[4] / "resources" / "checkpoints.tsv"
HUB = "hub:"
HUB_ID = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?$")


@dataclass(frozen=True)
class Row:
    """One file of a checkpoint, or a repository of the hub; None and () where nobody knows."""

    name: str
    kind: str  # see ``KINDS``
    file: str  # name that it gets; empty: of a repository, the model in it
    source: str  # url, or hub:org/name
    revision: Optional[str]  # commit of the hub
    sha256: Optional[str]
    bytes: Optional[int]
    licence: Optional[str]
    layer: Optional[int]
    hop: Optional[float]
    of: Tuple[str, ...]

    @property
    def repository(self) -> Optional[str]:
        """``org/name`` on the hub."""
        return self.source[len(HUB) :] if self.source.startswith(HUB) else None

    @property
    def facts(self) -> Facts:
        """What the receipt repeats."""
        return Facts(self.licence, self.layer, self.hop, self.of)


class HubModel(NamedTuple):
    """Files of a repository; ``files`` empty: the model in it."""

    repository: str
    revision: Optional[str]
    files: Tuple[str, ...] = ()


COLUMNS = tuple(field.name for field in fields(Row))
LANGUAGE_MODEL = "language-model"  # that a recogniser is built around: its configuration and tokenizer
KINDS = ("encoder", "quantizer", "vocoder", "recogniser", LANGUAGE_MODEL)


def read_registry(path: Path = REGISTRY) -> Dict[str, List[Row]]:
    """Name → its rows, in the order of the file. Raises DataError with file and line on a row that cannot be."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if tuple(next(rows, ())) != COLUMNS:
            raise DataError(f"the columns must be {', '.join(COLUMNS)}", f"{path}:1")
        entries: Dict[str, List[Row]] = {}
        for number, cells in enumerate(rows, 2):
            row = _row(cells, f"{path}:{number}")
            entries.setdefault(row.name, []).append(row)
    for name, entry in entries.items():
        if len({(row.kind, row.facts) for row in entry}) > 1 or len({row.file for row in entry}) < len(entry):
            raise DataError("its rows must differ by their files and agree in the rest", f"{path}: {name}")
        if len(entry) > 1 and any(row.repository for row in entry):
            raise DataError("a repository of the hub is one row", f"{path}: {name}")
    return entries


def _row(cells: List[str], where: str) -> Row:
    if len(cells) != len(COLUMNS):
        raise DataError(f"{len(cells)} cells, expected {len(COLUMNS)}", where)
    values: Dict[str, Any] = dict(zip(COLUMNS, cells))
    converted = {"bytes": int, "layer": int, "hop": float, "of": str.split}
    try:
        for key in ("revision", "sha256", "licence", *converted):
            values[key] = converted.get(key, str)(values[key]) if values[key] else None
    except ValueError as error:
        raise DataError(f"{key}: {error}", where) from error
    row = Row(**{**values, "of": tuple(values["of"] or ())})
    wrong = [
        *(["name"] if not row.name or "/" in row.name else []),
        *(["kind"] if row.kind not in KINDS else []),
        *(["file"] if "/" in row.file or (not row.file and not row.repository) else []),
        *(["source"] if not re.match(r"(https?|file)://|hub:[\w.-]+/[\w.-]+$", row.source) else []),
        *(["sha256"] if row.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", row.sha256) else []),
    ]
    if wrong:
        raise DataError(f"{', '.join(wrong)} cannot be so", where)
    return row


def registered(checkpoint: str, registry: Mapping[str, List[Row]]) -> List[Row]:
    """Rows of a name, or of a hub id whose repository has an entry (a revision of its own excepted); else none.

    Of a repository with several entries, the id means the one that is no single file of it.
    """
    if checkpoint in registry:
        return registry[checkpoint]
    entries = [rows for rows in registry.values() if rows[0].repository == checkpoint]
    whole = [rows for rows in entries if not rows[0].file]
    return (whole or entries)[0] if whole or len(entries) == 1 else []


def language_models(rows: List[Row], registry: Mapping[str, List[Row]]) -> List[Row]:
    """Rows of the language models that a registered checkpoint is built around."""
    of = rows[0].of if rows else ()
    return [row for name in of for row in registry.get(name, []) if row.kind == LANGUAGE_MODEL]


def hub_model(checkpoint: str, rows: List[Row]) -> Optional[HubModel]:
    """The repository to take a checkpoint from; None if it is not from the hub."""
    if rows:
        row = rows[0]
        return HubModel(row.repository, row.revision, (row.file,) if row.file else ()) if row.repository else None
    match = None if checkpoint.startswith(PATH_LIKE) else HUB_ID.match(checkpoint)
    return HubModel(match["repository"], match["revision"]) if match else None


def local_files(checkpoint: str, rows: List[Row]) -> Optional[Dict[str, Path]]:
    """Files that a ``checkpoint`` which is a path stands for, by their names in the receipt; None if it is no path.

    Of a folder with a model: that model (``layout.chosen``), with what it takes from a language model
    that it names by a path. Of any other folder: all files that are not hidden. A path where
    nothing is stands for itself.

    Raises:
        AmelaError: the folder has more than one model.
    """
    path = Path(checkpoint).expanduser()
    if rows or not (checkpoint.startswith(PATH_LIKE) or path.exists()):
        return None
    if not path.is_dir():
        return {path.name: path}
    present = files_in(path)
    model = chosen(present, path)
    names = model or [name for name in present if "/" not in name and not name.startswith(".")]
    files = {name: path / name for name in sorted(names)}
    language_model = local_language_model(path) if model else None
    return files if language_model is None else {**files, **borrowed(files, language_model)}


def mismatch(thing: Mapping[str, Any], encoder: Mapping[str, Any], registry: Mapping[str, List[Row]]) -> Optional[str]:
    """Why a quantiser does not belong to an encoder, as far as the registry knows; None if it may.

    Args:
        thing: settings of the codebook.
        encoder: those of its encoder.
    """
    rows = registered(thing["checkpoint"], registry)
    facts = rows[0].facts if rows else Facts()
    found = registered(encoder.get("checkpoint", ""), registry)
    if encoder["normalize"] != "none":
        return f"centroids of others are of raw features, the encoder has normalize: {encoder['normalize']}"
    if facts.of and (found or "checkpoint" not in encoder) and (not found or found[0].name not in facts.of):
        other = encoder.get("checkpoint", "without weights")
        return f"fitted on features of {' or '.join(facts.of)}, the encoder is {other}"
    if facts.layer is not None and encoder.get("layer") != facts.layer:
        return f"fitted on layer {facts.layer}, the encoder has layer: {encoder.get('layer')}"
    return None


def wrong_backend(encoder: Mapping[str, Any], registry: Mapping[str, List[Row]]) -> Optional[str]:
    """Why an encoder's backend cannot read its checkpoint, as far as the registry knows; None if it may."""
    rows = registered(encoder["checkpoint"], registry)
    by_fairseq = bool(rows and rows[0].file)
    if rows and by_fairseq != (encoder["backend"] in ("fairseq", "textless")):
        return f"{encoder['checkpoint']} is read by backend: {'fairseq' if by_fairseq else 'hf'}"
    return None


def wrong_recogniser(asr: Mapping[str, Any], registry: Mapping[str, List[Row]]) -> Optional[str]:
    """Why a recogniser's backend cannot read its checkpoint, as far as its files are known; None if it may."""
    checkpoint, backend = asr["checkpoint"], asr["backend"]
    rows = registered(checkpoint, registry)
    names = [row.file for row in rows] or list(local_files(checkpoint, rows) or ())
    if backend != "parakeet" and any(name.endswith(ARCHIVE) for name in names):
        return f"{checkpoint} is one file, {ARCHIVE}: it is read by backend: parakeet"
    if backend == "parakeet" and ("" in names or "config.json" in names):
        return f"{checkpoint} is a folder of files: it is read by backend: canary-qwen"
    return None


def untrained(vocoder: str, quantizer: Optional[str], registry: Mapping[str, List[Row]]) -> Optional[str]:
    """Why a vocoder was not trained on units of a codebook, as far as the registry knows; None if it may.

    ``quantizer``: checkpoint of the codebook; None: it is fitted here.
    """
    rows = registered(vocoder, registry)
    of = rows[0].facts.of if rows else ()
    known = registered(quantizer, registry) if quantizer else []
    if of and (quantizer is None or known) and not (known and known[0].name in of):
        return f"trained on units of {' or '.join(of)}, the codebook is {quantizer or 'fitted here'}"
    return None


def mistake(checkpoint: str, kind: str, registry: Mapping[str, List[Row]]) -> Optional[str]:
    """Why a configured ``checkpoint`` cannot be one of this kind; None if it can."""
    rows = registered(checkpoint, registry)
    known = ", ".join(sorted(name for name, rows in registry.items() if rows[0].kind == kind))
    if rows and rows[0].kind != kind:
        return f"{checkpoint!r} is of kind {rows[0].kind}, wanted is: {kind}; known: {known}"
    if not rows and checkpoint.startswith(PATH_LIKE) and not Path(checkpoint).expanduser().exists():
        return f"{checkpoint!r}: no such file or folder"
    try:
        local = local_files(checkpoint, rows)
    except AmelaError as error:
        return str(error)
    if not rows and hub_model(checkpoint, rows) is None and local is None:
        return (
            f"{checkpoint!r} is no name of the registry, no model of the hub (org/name), no file and no folder; "
            f"known: {known}"
        )
    return None
