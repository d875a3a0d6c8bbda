"""Where the audio of an utterance lies below the folder of its shard.

The folders of the source are kept, but none gets more than 10,000 entries: file systems and
tools crawl on larger ones. What no longer fits in a folder goes on in its sub-folders ~1, ~2, …
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections import Counter
from pathlib import Path
from typing import Sequence

from amela.audio.save import AUDIO_SUFFIX

MOST_ENTRIES = 5_000  # of a folder, before it gets numbered sub-folders; as many of these fit beside them
NAME_BYTES = 200  # of a file or folder name; file systems take 255
PATH_BYTES = 2_000  # below the shard's folder; systems take 4096 in all
NUMBERED = re.compile(r"~[0-9]+")


class Places:
    """Places for files below ``folder``, one for each item.

    A place depends on the items before it alone: whoever goes on with a job tells
    ``take`` what is already placed, in any order, and gets the places that one
    uninterrupted run would have got.
    """

    def __init__(self, folder: Path, most_entries: int = MOST_ENTRIES) -> None:
        self._folder = folder
        self._most_entries = most_entries
        self._entries: Counter = Counter({"": 0})  # folder → entries in it
        self._folder_of = {"": ""}  # folder of the source → where it lies: in a numbered one, maybe

    def new(self, item: str) -> str:
        """Path below the folder for a new file: the id, so that the source's folders are kept.

        A name of its own where the id is no path, is too long, or is taken: by a file of that
        name, or by a file that stands where the id wants a folder.
        """
        names = [_shortened(name) for name in item.split("/")]
        place = self._place(names)
        usable = not {"", ".", ".."} & set(names) and not any(map(NUMBERED.fullmatch, names))
        if not usable or len(os.fsencode(place)) > PATH_BYTES or self._is_taken(place):
            place = self._place([f"~{_digest(item)}"])
        self.take(place)
        return place

    def take(self, place: str) -> None:
        """A file lies at this place."""
        names = place.split("/")
        above = source = ""
        for name in names[:-1]:
            here = _joined(above, name)
            if here not in self._entries:
                self._entries[here] = 0
                self._entries[above] += 1
            if not NUMBERED.fullmatch(name):
                source = _joined(source, name)
                self._folder_of[source] = here
            above = here
        self._entries[above] += 1

    def _place(self, names: Sequence[str]) -> str:
        """Path of a file in the source's folders, as they lie."""
        source = above = ""
        for name in names[:-1]:
            source = _joined(source, name)
            above = self._folder_of.get(source) or _joined(self._with_room(above), name)
        return _joined(self._with_room(above), names[-1] + AUDIO_SUFFIX)

    def _with_room(self, folder: str) -> str:
        """The folder, or its first numbered sub-folder that is not full.

        A full folder grows by its numbered ones alone, so that it tells how many they are.
        """
        beyond = self._entries[folder] - self._most_entries
        if beyond < 0:
            return folder
        last = _joined(folder, f"~{beyond}")
        return last if beyond and self._entries[last] < self._most_entries else _joined(folder, f"~{beyond + 1}")

    def _is_taken(self, place: str) -> bool:
        *parents, path = [self._folder / part for part in itertools.accumulate(place.split("/"), _joined)]
        return path.exists() or any(parent.is_file() for parent in parents)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _shortened(name: str) -> str:
    content = os.fsencode(name)
    if len(content) <= NAME_BYTES:
        return name
    mark = f"~{_digest(name)}"
    return content[: NAME_BYTES - len(mark)].decode("utf-8", "ignore") + mark


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
