"""A corpus that is a directory of audio files."""

from __future__ import annotations

import fnmatch
import logging
import os
import re
from typing import AbstractSet, Any, Callable, Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from amela.corpus.recordings import Recording, printable_id, recording_ids, working_path
from amela.errors import AmelaError
from amela.io.ledger import Ledger

AUDIO_ENDINGS = frozenset(
    "3gp aac aif aifc aiff amr ape au caf flac m4a m4b mka mp2 mp3 mp4 mpga oga ogg opus snd sph"
    " w64 wav wave webm weba wma wv".split()
)
TRANSCRIPT_ENDINGS = (".txt", ".lab")
LABEL = re.compile(r"\s*[\d.]+\s+[\d.]+\s+[^\d\s]")  # "0.24 0.61 speech": a line of a label file, no transcript

logger = logging.getLogger("inventory")

Selection = Callable[[str], bool]
File = Tuple[str, int, Optional[str]]  # path below the source, bytes, path of its transcript


def selection(include: Sequence[str], exclude: Sequence[str]) -> Selection:
    """Test of paths below the source; ``*`` crosses folders, case does not matter.

    ``*.wav`` takes every such file, ``session1/*`` everything in that folder.
    """
    wanted, unwanted = _matcher(include or ["*"]), _matcher(exclude)
    return lambda name: wanted(name) and not unwanted(name)


def _matcher(patterns: Sequence[str]) -> Selection:
    regexes = [re.compile(fnmatch.translate(pattern), re.IGNORECASE) for pattern in patterns]
    return lambda name: any(regex.match(name) for regex in regexes)


def list_directory(source: str, include: Sequence[str], exclude: Sequence[str], ledger: Ledger) -> List[Recording]:
    """Recordings below ``source``, sorted by path; ``seconds`` still unknown.

    Hidden files and folders are passed over, links followed. Audio is known by its ending
    (``AUDIO_ENDINGS``, any case), or by an ending that ``include`` spells out (``*.xyz``).
    Files that cannot be read stay in: the next stage says why. Two things are read off the
    folders, where a table could say them better:

    - ``speaker`` is the first folder below the source, if every recording lies in a folder
      and there are at least two;
    - ``text`` is the content of ``NAME.txt`` or ``NAME.lab`` beside ``NAME.wav`` (UTF-8, joined
      to one line), unless every line of it is a label with times.

    Raises:
        AmelaError: there is no audio in it.
    """
    endings = AUDIO_ENDINGS | _spelt_out(include)
    wanted = selection(include, exclude)
    files = sorted(file for file in _walk(source, "", endings, ledger, ()) if wanted(file[0]))
    if not files:
        raise AmelaError(
            f"no audio in this directory (endings: {' '.join(sorted(endings))};"
            f" include: {' '.join(include) or 'everything'}; exclude: {' '.join(exclude) or 'nothing'})",
            source,
            "name another source, or other patterns",
        )
    speakers = _speakers([name for name, _, _ in files])
    recordings = []
    for id_, (name, size, transcript), speaker in zip(recording_ids([name for name, _, _ in files]), files, speakers):
        metadata: Dict[str, Any] = {} if speaker is None else {"speaker": speaker}
        text = _read_text(os.path.join(source, transcript)) if transcript else None
        if text:
            metadata["text"] = text
        recordings.append(Recording(id_, working_path(os.path.join(source, name)), size, metadata=metadata))
    return recordings


def _spelt_out(include: Sequence[str]) -> FrozenSet[str]:
    endings = (os.path.splitext(pattern)[1][1:].lower() for pattern in include)
    return frozenset(ending for ending in endings if ending.isalnum())


def _walk(
    source: str, below: str, endings: FrozenSet[str], ledger: Ledger, ancestors: Tuple[Tuple[int, int], ...]
) -> Iterator[File]:
    """Audio files in the folder ``below`` the source and in all its folders."""
    folder = os.path.join(source, below)
    try:
        status = os.stat(folder)
        entries = list(os.scandir(folder))
    except OSError as error:
        ledger.reject(printable_id(below), f"folder cannot be read: {error.strerror}")
        return
    here = (status.st_dev, status.st_ino)
    if here in ancestors:  # a link back to a folder that it lies in
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        name = os.path.join(below, entry.name)
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _walk(source, name, endings, ledger, (*ancestors, here))
        elif os.path.splitext(name)[1][1:].lower() in endings:
            yield name, _size(entry), _transcript(below, entry.name, names)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:  # a broken link
        return 0


def _transcript(below: str, name: str, names: AbstractSet[str]) -> Optional[str]:
    stem = os.path.splitext(name)[0]
    found = (stem + ending for ending in TRANSCRIPT_ENDINGS if stem + ending in names)
    return next((os.path.join(below, beside) for beside in found), None)


def _speakers(names: Sequence[str]) -> List[Optional[str]]:
    """First folders, if they can be meant as speakers; else None for each."""
    firsts = [name.partition(os.sep)[0] if os.sep in name else None for name in names]
    if None in firsts or len(set(firsts)) < 2:
        return [None] * len(names)
    return [printable_id(first) for first in firsts if first is not None]


def _read_text(path: str) -> Optional[str]:
    """One line; None if the file is no UTF-8 text, or has nothing but labels with times."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        logger.warning("transcript left out: %s: %s", path, error)
        return None
    return None if all(map(LABEL.match, lines)) else " ".join(" ".join(lines).split())
