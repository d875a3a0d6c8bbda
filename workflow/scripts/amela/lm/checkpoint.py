"""Language models on the disk: the finished model, and the state of an unfinished training.

Both are read with ``weights_only=True`` (no code is run) and strictly: a missing or
unexpected key is an error.
"""

from __future__ import annotations

import json
import logging
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

import torch

from amela.errors import DataError
from amela.io.atomic import open_atomic
from amela.io.lock import OutputLock
from amela.lm.model import LSTMLanguageModel
from amela.lm.settings import LMSettings

UNREADABLE = (OSError, RuntimeError, EOFError, pickle.UnpicklingError)

logger = logging.getLogger("checkpoint")


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and what made it."""

    model: LSTMLanguageModel
    settings: LMSettings
    source: Dict[str, Any]  # of the tokens: kind, hop, vocab_size, fingerprint, deduplicate
    data: str  # digest of the sequences that it was trained and selected on


def save_model(path: Path, checkpoint: Checkpoint) -> None:
    """Write a model, whole or not at all; the same model gives the same bytes."""
    _save(
        path,
        {
            "settings": checkpoint.settings.to_dict(),
            "source": checkpoint.source,
            "data": checkpoint.data,
            "state": {key: value.cpu() for key, value in checkpoint.model.state_dict().items()},
        },
    )


def load_model(path: Path, device: torch.device) -> Checkpoint:
    """Read a model. Raises DataError when the file is not one."""
    try:
        stored = torch.load(path, map_location=device, weights_only=True)
        settings = LMSettings(**stored["settings"])
        model = LSTMLanguageModel(stored["source"]["vocab_size"], settings).to(device)
        model.load_state_dict(stored["state"], strict=True)
    except (*UNREADABLE, KeyError, TypeError) as error:
        raise DataError(f"no readable language model: {error}", path, "train it again") from error
    return Checkpoint(model, settings, stored["source"], stored["data"])


class ResumePoint:
    """Hidden file beside the model: where a killed training goes on.

    Used as a context manager; holds the model's lock, so that a second training of the same
    model waits for the first. A state that was saved with another fingerprint (data,
    settings, code) is not used.
    """

    def __init__(self, model_path: Path, fingerprint: Dict[str, Any]) -> None:
        self.path = model_path.with_name(".resume.pt")
        self.fingerprint = json.loads(json.dumps(fingerprint))  # plain types: others would not be loaded again
        self._lock = OutputLock(model_path)

    def __enter__(self) -> ResumePoint:
        self._lock.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._lock.__exit__(*error)

    def check(self) -> None:
        """Before writing: raise AmelaError when another job has taken over."""
        self._lock.check()

    def save(self, state: Dict[str, Any]) -> None:
        """Replace what was saved before, whole or not at all. Raises AmelaError when another job has taken over."""
        self.check()
        _save(self.path, {"fingerprint": self.fingerprint, "state": state})

    def load(self) -> Optional[Dict[str, Any]]:
        """The saved state, on the CPU, or None where there is none that fits."""
        if not self.path.exists():
            return None
        try:
            stored = torch.load(self.path, map_location="cpu", weights_only=True)
        except UNREADABLE as error:
            logger.warning("%s cannot be read, training starts anew: %s", self.path, error)
            return None
        if stored["fingerprint"] != self.fingerprint:
            logger.info("%s belongs to other data, settings or code: training starts anew", self.path)
            return None
        return stored["state"]

    def remove(self) -> None:
        """The model is whole: the state is no longer needed. Raises AmelaError when it is another job's now."""
        self.check()
        self.path.unlink(missing_ok=True)


def _save(path: Path, value: Dict[str, Any]) -> None:
    # Through a handle: given a name, torch writes that (temporary) name into the file.
    with open_atomic(path, "wb") as handle:
        torch.save(value, handle)
