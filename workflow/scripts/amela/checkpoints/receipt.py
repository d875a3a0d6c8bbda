"""The receipt of a checkpoint: which files it is, where they lie, and what is known about it.

Standard library only: the rule ``checkpoint`` writes it, every environment reads it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple

from amela.errors import AmelaError, DataError
from amela.io.atomic import open_atomic
from amela.provenance import file_sha256

AGAIN = "fetch it again: snakemake --forcerun checkpoint, where there is a network"

logger = logging.getLogger("checkpoint")


@dataclass(frozen=True)
class Facts:
    """What is known about a checkpoint beside its files; empty where nobody knows."""

    licence: Optional[str] = None  # SPDX
    layer: Optional[int] = None  # of an encoder's transformer, 1-based, that it was made for
    hop: Optional[float] = None  # seconds a frame
    of: Tuple[str, ...] = ()  # names of the checkpoints that it was made for: a quantiser's encoder


@dataclass(frozen=True)
class Receipt:
    """Files of a checkpoint, whose content was verified when the receipt was written."""

    name: str
    sha256: str  # of the content: of the file, or of the files' names and digests
    files: Dict[str, Path]  # name → where it is, absolute; a model's files by their names relative to its folder
    layer: Optional[int] = None  # see ``Facts``
    hop: Optional[float] = None
    of: Tuple[str, ...] = ()

    @property
    def registered(self) -> bool:
        """Whether it has a name of the registry; those of the hub and of files say where it is, not what."""
        return "/" not in self.name

    def only_file(self) -> Path:
        """The checkpoint's file. Raises AmelaError unless there is exactly one."""
        if len(self.files) != 1:
            speech_model = any("/" in name for name in self.files)  # around a language model (amela.checkpoints.layout)
            backend = "canary-qwen" if speech_model else "hf (encoders)" if "config.json" in self.files else None
            raise AmelaError(
                f"one file is wanted, this checkpoint has {len(self.files)}: {', '.join(sorted(self.files))}",
                self.name,
                f"set backend: {backend}, or name the file itself" if backend else "name the file itself",
            )
        return next(iter(self.files.values()))


def check_made_for(made: Receipt, other: Optional[Receipt], how: str, what: str, otherwise: str) -> None:
    """Raise AmelaError where a checkpoint was not made for another one; warn where nobody can know.

    Args:
        made: its ``of`` has the names of those that it was made for.
        other: receipt of the other one; None: it has none.
        how: "fitted on features", "trained on units".
        what: the other one is, in a message: "encoder", "codebook".
        otherwise: what is said of one without a receipt.
    """
    of = " or ".join(made.of)
    if not of:
        logger.warning("%s was %s of an unknown %s; let it be this one", made.name, how, what)
    elif other is None or (other.registered and other.name not in made.of):
        raise AmelaError(
            f"{how} of {of}, the {what} is {other.name if other else otherwise}",
            made.name,
            f"set checkpoint: {made.of[0]} for the {what}, or choose what was made for this one",
        )
    elif not other.registered:
        logger.warning("%s was %s of %s; let %s be that", made.name, how, of, other.name)


def content_sha256(digests: Mapping[str, str]) -> str:
    """Digest of a checkpoint from its files' names and SHA-256; of a single file, whatever its name, its own."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    listing = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(listing.encode()).hexdigest()


def receipt_content(name: str, files: Mapping[str, Path], digests: Mapping[str, str], facts: Facts) -> Dict[str, Any]:
    """What the file of a receipt holds (docs/formats.md); ``digests`` are the files' SHA-256, by file name."""
    described = {
        key: {"path": os.path.abspath(files[key]), "sha256": digests[key], "bytes": files[key].stat().st_size}
        for key in sorted(files)
    }
    return {"name": name, "sha256": content_sha256(digests), "files": described, **asdict(facts)}


def write_receipt(path: Path, content: Mapping[str, Any]) -> None:
    """Write what ``receipt_content`` gives, whole or not at all."""
    with open_atomic(path) as out:
        json.dump(content, out, indent=2)
        out.write("\n")


def read_receipt(path: Path) -> Receipt:
    """Read a receipt; of the files only their size is looked at.

    Raises:
        DataError: it is no receipt, or one of the files is gone or has another size.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        receipt = _receipt(content)
        sizes = {key: content["files"][key]["bytes"] for key in receipt.files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"no receipt of a checkpoint: {error!r}", path, AGAIN) from error
    for key, file in receipt.files.items():
        try:
            size = file.stat().st_size
        except OSError as error:
            raise DataError(f"a file of checkpoint {receipt.name} is gone: {error.strerror}", file, AGAIN) from error
        if size != sizes[key]:
            raise DataError(
                f"a file of checkpoint {receipt.name} has {size} bytes; it had {sizes[key]} when it was verified",
                file,
                AGAIN,
            )
    return receipt


def _receipt(content: Mapping[str, Any]) -> Receipt:
    return Receipt(
        name=content["name"],
        sha256=content["sha256"],
        files={key: Path(file["path"]) for key, file in content["files"].items()},
        layer=content["layer"],
        hop=content["hop"],
        of=tuple(content["of"]),
    )


def make_receipt(name: str, paths: Iterable[Path], facts: Facts = Facts(), folder: Optional[Path] = None) -> Receipt:
    """Receipt of files as they are, known by their names, relative to ``folder`` if given; nothing is verified."""
    files = {Path(path).relative_to(folder).as_posix() if folder else Path(path).name: Path(path) for path in paths}
    return _receipt(receipt_content(name, files, {key: file_sha256(path) for key, path in files.items()}, facts))
