"""A configured ``checkpoint`` to files on this machine, verified, and their receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from amela.checkpoints.download import Unreachable, download
from amela.checkpoints.language_model import needed_beside, with_language_model
from amela.checkpoints.receipt import Facts, content_sha256, receipt_content
from amela.checkpoints.registry import REGISTRY, Row, hub_model, local_files, registered
from amela.errors import AmelaError
from amela.provenance import file_sha256


def fetch_checkpoint(checkpoint: str, registry: Mapping[str, List[Row]], folder: Path) -> Dict[str, Any]:
    """Make sure that a checkpoint is here; returns the content of its receipt.

    Args:
        checkpoint: name in the registry, hub id ``org/name[@revision]``, or path of a file or folder.
        folder: where files from urls go, each name into a folder of its own.

    Raises:
        AmelaError: it is unknown, cannot be had, or is not what the registry says.
    """
    rows = registered(checkpoint, registry)
    local, model = local_files(checkpoint, rows), hub_model(checkpoint, rows)
    if local is not None:
        return _local(checkpoint, local, registry)
    if model is not None:
        from amela.checkpoints.hub import fetch_model, verified_sha256

        files = with_language_model(fetch_model(model, needed_beside(rows, registry)), registry)
        _check_size(rows, files)
        digests = {name: verified_sha256(path) for name, path in files.items()}
        name, facts = (rows[0].name, rows[0].facts) if rows else (checkpoint, Facts())
        _check_digest(rows, digests)
        return receipt_content(name, files, digests, facts)
    if not rows:
        raise AmelaError(
            f"unknown checkpoint {checkpoint!r}: no name of the registry, no model of the hub, no file, no folder",
            REGISTRY,
        )
    files = {row.file: folder / row.name / row.file for row in rows}
    return receipt_content(rows[0].name, files, _from_urls(rows, files), rows[0].facts)


def _local(checkpoint: str, paths: Mapping[str, Path], registry: Mapping[str, List[Row]]) -> Dict[str, Any]:
    """Receipt of files as they are; known by their content, they take the name and the facts of the registry."""
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing or not paths:
        raise AmelaError("no file, and no folder with files", ", ".join(missing) or checkpoint)
    files = with_language_model(paths, registry)
    digests = {name: file_sha256(path) for name, path in files.items()}
    for name, rows in registry.items():
        known = [row.sha256 for row in rows]
        if None not in known and sorted(known) in (sorted(digests.values()), [content_sha256(digests)]):
            return receipt_content(name, files, digests, rows[0].facts)
    name = checkpoint if "/" in checkpoint else f"./{checkpoint}"
    return receipt_content(name, files, digests, Facts())


def _from_urls(rows: Sequence[Row], files: Mapping[str, Path]) -> Dict[str, str]:
    digests = {}
    for row in rows:
        try:
            digests[row.file] = download(row.source, files[row.file], row.sha256, row.bytes)
        except Unreachable as error:
            missing = [wanted for wanted in rows if not files[wanted.file].is_file()]
            each = "; ".join(f"{w.source} as {w.file} (sha256 {w.sha256 or 'unknown'})" for w in missing)
            raise AmelaError(
                f"checkpoint {row.name} is not here and cannot be fetched: {error}",
                files[row.file],
                f"where there is a network, fetch {each}; put it into {files[row.file].parent.absolute()}",
            ) from error
    return digests


def _check_size(rows: Sequence[Row], files: Mapping[str, Path]) -> None:
    """The registry's size of a repository is that of all its files."""
    size = sum(path.stat().st_size for path in files.values())
    if rows and rows[0].bytes not in (None, size):
        raise AmelaError(
            f"not the model it should be: its files have {size} bytes, expected {rows[0].bytes}", rows[0].source
        )


def _check_digest(rows: Sequence[Row], digests: Mapping[str, str]) -> None:
    """The registry's digest of a repository is that of its receipt."""
    if rows and rows[0].sha256 not in (None, content_sha256(digests)):
        raise AmelaError(
            f"not the model it should be: its sha256 is {content_sha256(digests)}, expected {rows[0].sha256}",
            rows[0].source,
        )
