"""One array a file: units or features of an utterance, in the folders of its source."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Set

import numpy as np

from amela.errors import Rejected
from amela.export.exporter import Corpus, Exporter, UnitSequence
from amela.io.jsonl import json_line
from amela.io.manifest import Utterance

NAME_BYTES = 255  # of a file name; file systems take no more
PATH_BYTES = 2_000  # below the folder; systems take 4096 in all


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an array as its file's ending says (.npy or .pt); makes the folders above, and waits for the disk.

    ``.pt`` holds one tensor, which ``torch.load(path, weights_only=True)`` gives.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:  # by handle: torch writes the name of a path into the file
        if path.suffix == ".npy":
            np.save(out, array, allow_pickle=False)
        else:
            import torch  # here, since NumPy's files need none

            torch.save(torch.from_numpy(np.ascontiguousarray(array)), out)
        out.flush()
        os.fsync(out.fileno())


class Mirror:
    """Places of files below a folder: the ids themselves, since other tools look for files by these names."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._files: Set[str] = set()
        self._folders: Set[str] = set()

    def place(self, item: str) -> str:
        """Path of the item's file below the folder. Raises Rejected where no file can be called so."""
        names = item.split("/")
        place = item + self._suffix
        folders = set(itertools.accumulate(names[:-1], "{}/{}".format))
        long = len(os.fsencode(place)) > PATH_BYTES or any(len(os.fsencode(n)) > NAME_BYTES for n in place.split("/"))
        if {"", ".", ".."} & set(names) or "\0" in item or long:
            raise Rejected("no file can have this name")
        if place in self._files | self._folders or folders & self._files:
            raise Rejected("another file or folder has this name already")
        self._files.add(place)
        self._folders |= folders
        return place


class UnitTensors(Exporter):
    """ID.pt for each utterance: its units, int64, shape (T,) or, with a run as one unit, (R,).

    ``units.jsonl`` lists them in order: ``{"id", "path", "units", "frames", "audio_filepath", "offset", "duration"}``.
    """

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        super().__init__(folder, corpus)
        self._mirror = Mirror(".pt")
        self._list = self.open("units.jsonl")

    def add(self, utterance: Utterance, sequence: UnitSequence) -> None:
        place = self._mirror.place(utterance.id)
        save_array(self.folder / place, np.asarray(sequence.units, dtype=np.int64))
        row = {"id": utterance.id, "path": place, "units": len(sequence.units), "frames": sum(sequence.frames)}
        audio = {key: getattr(utterance, key) for key in ("audio_filepath", "offset", "duration")}
        self._list.write(json_line({**row, **audio}))
