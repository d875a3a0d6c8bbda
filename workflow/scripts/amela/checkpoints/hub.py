"""Models of the Hugging Face hub, in the hub's own cache: ``HF_HOME``, ``HF_HUB_OFFLINE``, ``HF_TOKEN`` count."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from amela.checkpoints.layout import ARCHIVE, CONFIGURATIONS, WEIGHTS, chosen, files_in
from amela.checkpoints.registry import HubModel
from amela.errors import AmelaError
from amela.provenance import file_sha256

SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_model(model: HubModel, others: Sequence[HubModel] = ()) -> Dict[str, Path]:
    """File name → path in the cache, of the model in a repository, or of the ``files`` that are named.

    What the cache has is not fetched again.

    Args:
        others: repositories that will be needed with it, for those who fetch by hand.

    Raises:
        AmelaError: there is no such model or revision, it lacks a file, or it is not in the
            cache and the hub cannot be reached.
    """
    if model.files:
        folder = fetch_files(model, model.files, others)
        return {name: folder / name for name in model.files}
    folder = _snapshot(model, CONFIGURATIONS, others)
    names = chosen(_names(model, folder), folder)
    if names:
        folder = _snapshot(model._replace(revision=folder.name), names, others)
    if not names or not all((folder / name).exists() for name in names):
        wanted = f"config.json and {' or '.join(WEIGHTS)}, and no archive ({ARCHIVE}),"
        raise AmelaError(f"no {wanted} in {_spoken(model)}", folder, _by_hand([model, *others]))
    return {name: folder / name for name in names}


def fetch_files(model: HubModel, needed: Sequence[str], others: Sequence[HubModel] = ()) -> Path:
    """Folder in the cache with those of a model's ``files`` that its repository has; raises as ``fetch_model``."""
    folder = _snapshot(model, model.files, others)
    missing = [name for name in needed if not (folder / name).exists()]
    if missing:
        raise AmelaError(f"no {' and '.join(missing)} in {_spoken(model)}", folder, _by_hand([model, *others]))
    return folder


def verified_sha256(path: Path) -> str:
    """SHA-256 of a file of the cache. Raises AmelaError if the cache knows it by another.

    The cache names large files by it; links with the names of the repository lead to them.
    """
    digest, known = file_sha256(path), path.resolve().name
    if SHA256.fullmatch(known) and known != digest:
        raise AmelaError(f"damaged: its sha256 is {digest}", path.resolve(), "remove it, and it is fetched again")
    return digest


def _snapshot(model: HubModel, files: Sequence[str], others: Sequence[HubModel]) -> Path:
    with _told(model, others):
        return Path(snapshot_download(model.repository, revision=model.revision, allow_patterns=list(files)))


def _names(model: HubModel, folder: Path) -> List[str]:
    """Files of the repository at the commit of a snapshot; those in the cache, where the hub cannot be asked."""
    cached = files_in(folder)
    if constants.HF_HUB_OFFLINE:
        return cached
    try:
        with _told(model, ()):
            siblings = HfApi().model_info(model.repository, revision=folder.name).siblings or ()
            return [found.rfilename for found in siblings]
    except _NoAnswer:
        if not chosen(cached, folder):
            raise
        return cached


class _NoAnswer(AmelaError):
    """The hub did not answer, or not to the end."""


@contextmanager
def _told(model: HubModel, others: Sequence[HubModel]) -> Iterator[None]:
    """What the hub's client raises, as errors that say what to do."""
    try:
        yield
    except LocalEntryNotFoundError as error:
        raise AmelaError(
            f"{_spoken(model)} is not in the hub's cache, and the hub cannot be reached",
            constants.HF_HUB_CACHE,
            _by_hand([model, *others]),
        ) from error
    except RevisionNotFoundError as error:
        raise AmelaError(f"the hub has {model.repository}, but not this revision", model.revision) from error
    except RepositoryNotFoundError as error:  # also what it says of a model that is not for everybody
        raise AmelaError(
            "the hub has no such model, or does not show it to you",
            model.repository,
            "check the name; where it asks for consent, give it on its page and log in: hf auth login",
        ) from error
    except HFValidationError as error:
        raise AmelaError("no name of a model on the hub", model.repository) from error
    except (HfHubHTTPError, HTTPError, ConnectionError) as error:
        raise _NoAnswer(
            f"fetching {_spoken(model)} ended early: {error}", constants.HF_HUB_CACHE, "run again, it goes on"
        ) from error


def _spoken(model: HubModel) -> str:
    return f"model {model.repository}, revision {model.revision or 'main'}"


def _by_hand(models: Sequence[HubModel]) -> str:
    commands = []
    for model in models:
        files = " ".join(model.files or (*CONFIGURATIONS, *WEIGHTS, f'"*{ARCHIVE}"'))
        revision = f" --revision {model.revision}" if model.revision else ""
        commands.append(f"hf download {model.repository} {files}{revision}")
    folder = "a folder" if len(models) == 1 else "a folder as docs/checkpoints.md has it (llm_backbone/)"
    return (
        f"where there is a network, run: {'; '.join(commands)}; then bring its cache here "
        f"(HF_HOME), or put the files into {folder} and name that as checkpoint"
    )
