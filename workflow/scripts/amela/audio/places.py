"""Where the audio of an utterance lies below the folder of its shard."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from amela.audio.save import AUDIO_SUFFIX

NAME_BYTES = 200  # of a file or folder name; file systems take 255
PATH_BYTES = 2_000  # below the shard's folder; systems take 4096 in all


def audio_place(folder: Path, item: str) -> str:
    """Path below ``folder`` for a new file: the id, so that the source's folders are kept.

    A name of its own where the id is no path, is too long, or is taken: by a file of that
    name, or by a file that stands where the id wants a folder.
    """
    names = [_shortened(name) for name in item.split("/")]
    place = "/".join(names) + AUDIO_SUFFIX
    parents = [folder.joinpath(*names[:depth]) for depth in range(1, len(names))]
    usable = len(os.fsencode(place)) <= PATH_BYTES and not {"", ".", ".."} & set(names)
    if usable and not (folder / place).exists() and not any(parent.is_file() for parent in parents):
        return place
    return f"~{_digest(item)}{AUDIO_SUFFIX}"


def _shortened(name: str) -> str:
    content = os.fsencode(name)
    if len(content) <= NAME_BYTES:
        return name
    mark = f"~{_digest(name)}"
    return content[: NAME_BYTES - len(mark)].decode("utf-8", "ignore") + mark


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
