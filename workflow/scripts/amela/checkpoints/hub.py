"""Models of the Hugging Face hub, in the hub's own cache: ``HF_HOME``, ``HF_HUB_OFFLINE``, ``HF_TOKEN`` count."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Sequence

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from amela.checkpoints.registry import CONFIGURATIONS, WEIGHTS, HubModel, model_files
from amela.errors import AmelaError
from amela.provenance import file_sha256

SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_model(model: HubModel) -> Dict[str, Path]:
    """File name → path in the cache, of a model's weights and configuration, or of its ``files``.

    What the cache has is not fetched again.

    Raises:
        AmelaError: there is no such model or revision, it lacks a file, or it is not in the
            cache and the hub cannot be reached.
    """
    folder = _snapshot(model, model.files or (*CONFIGURATIONS, WEIGHTS[0]))
    if not model.files and not (folder / WEIGHTS[0]).exists():
        folder = _snapshot(model, WEIGHTS[1:])
    names = model.files or model_files(found.name for found in folder.iterdir())
    if not names or not all((folder / name).exists() for name in names):
        wanted = " and ".join(model.files) or f"config.json and {' or '.join(WEIGHTS)}"
        raise AmelaError(f"no {wanted} in {_spoken(model)}", folder, _by_hand(model))
    return {name: folder / name for name in names}


def verified_sha256(path: Path) -> str:
    """SHA-256 of a file of the cache. Raises AmelaError if the cache knows it by another.

    The cache names large files by it; links with the names of the repository lead to them.
    """
    digest, known = file_sha256(path), path.resolve().name
    if SHA256.fullmatch(known) and known != digest:
        raise AmelaError(f"damaged: its sha256 is {digest}", path.resolve(), "remove it, and it is fetched again")
    return digest


def _snapshot(model: HubModel, files: Sequence[str]) -> Path:
    try:
        return Path(snapshot_download(model.repository, revision=model.revision, allow_patterns=list(files)))
    except LocalEntryNotFoundError as error:
        raise AmelaError(
            f"{_spoken(model)} is not in the hub's cache, and the hub cannot be reached",
            constants.HF_HUB_CACHE,
            _by_hand(model),
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
        raise AmelaError(
            f"fetching {_spoken(model)} ended early: {error}", constants.HF_HUB_CACHE, "run again, it goes on"
        ) from error


def _spoken(model: HubModel) -> str:
    return f"model {model.repository}, revision {model.revision or 'main'}"


def _by_hand(model: HubModel) -> str:
    files = " ".join(model.files or (*CONFIGURATIONS, *WEIGHTS))
    revision = f" --revision {model.revision}" if model.revision else ""
    return (
        f"where there is a network, run: hf download {model.repository} {files}{revision}; then bring its cache here "
        "(HF_HOME), or put the files into a folder and name that as checkpoint"
    )
