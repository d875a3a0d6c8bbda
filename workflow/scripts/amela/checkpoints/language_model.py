"""Configuration and tokenizer of the language model that a speech model is built around, never its weights.

A speech model names it in its config.json (``pretrained_llm``) and may carry those files itself
(``amela.checkpoints.layout``). What it lacks comes from the hub, so that a job with the model needs no network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping

from amela.checkpoints.layout import (
    BACKBONE_FILES,
    NEEDED,
    TOKENIZER_FILES,
    WEIGHTS,
    borrowed,
    incomplete,
    lacking,
    language_model,
)
from amela.checkpoints.registry import HubModel, Row, hub_model, language_models, registered
from amela.errors import AmelaError


def with_language_model(files: Mapping[str, Path], registry: Mapping[str, List[Row]]) -> Dict[str, Path]:
    """A checkpoint's files, and of its language model's those that they lack.

    A path in config.json counts only where the checkpoint itself is on this machine, and then
    ``registry.local_files`` has taken the files.

    Raises:
        AmelaError: config.json names nothing that can be had, or it cannot be had now.
    """
    missing = incomplete(files)
    if not missing:
        return dict(files)
    config = files["config.json"]
    if not any(name in files for name in WEIGHTS):
        raise AmelaError(f"no {' or '.join(WEIGHTS)} beside it", config)
    name = language_model(config.parent) or ""
    model = hub_model(name, registered(name, registry))
    if model is None:
        raise AmelaError(
            f"{' and '.join(missing)} are not there, nor in its language model (pretrained_llm: {name!r})",
            config,
            "put them into a folder with the model, and name that as checkpoint",
        )
    from amela.checkpoints.hub import fetch_files, verified_sha256

    wanted = tuple(lacking(files).values())
    folder = fetch_files(model._replace(files=wanted), [there for there in wanted if there in NEEDED])
    found = borrowed(files, folder)
    for path in found.values():
        verified_sha256(path)
    return {**files, **found}


def needed_beside(rows: List[Row], registry: Mapping[str, List[Row]]) -> List[HubModel]:
    """What is taken of the language models that a registered checkpoint is built around."""
    models = [hub_model(row.name, [row]) for row in language_models(rows, registry)]
    return [model._replace(files=(*BACKBONE_FILES, *TOKENIZER_FILES)) for model in models if model is not None]
