"""A corpus that is a directory of audio files."""

from __future__ import annotations

import fnmatch
import logging
import os
import re
from functools import partial
from typing import Any, Callable, Dict, FrozenSet, Iterator, Optional, Sequence, Set, Tuple

from amela.corpus.files import File, FileList, file_list
from amela.corpus.listing import Listing, Looker, answers
from amela.corpus.recordings import Recording, printable_id, working_folder, working_path
from amela.errors import AmelaError

AUDIO_ENDINGS = frozenset(
    "3gp aac aif aifc aiff amr ape au caf flac m4a m4b mka mp2 mp3 mp4 mpga oga ogg opus snd sph"
    " w64 wav wave webm weba wma wv".split()
)
TRANSCRIPT_ENDINGS = (".txt", ".lab")
LABEL = re.compile(r"\s*[\d.]+\s+[\d.]+\s+[^\d\s]")  # "0.24 0.61 speech": a line of a label file, no transcript

logger = logging.getLogger("inventory")

Selection = Callable[[str], bool]


def selection(include: Sequence[str], exclude: Sequence[str]) -> Selection:
    """Test of paths below the source; ``*`` crosses folders, case does not matter.

    ``*.wav`` takes every such file, ``session1/*`` everything in that folder.
    """
    wanted, unwanted = _matcher(include or ["*"]), _matcher(exclude)
    return lambda name: wanted(name) and not unwanted(name)


def _matcher(patterns: Sequence[str]) -> Selection:
    regexes = [re.compile(fnmatch.translate(pattern), re.IGNORECASE) for pattern in patterns]
    return lambda name: any(regex.match(name) for regex in regexes)


def list_directory(source: str, listing: Listing) -> Iterator[Recording]:
    """Recordings below ``source``, sorted by path.

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
    endings = AUDIO_ENDINGS | _spelt_out(listing.include)
    with file_list() as files:
        speakers = _fill(files, source, endings, listing)
        yield from answers(
            partial(_recording, source, speakers, listing.look, working_folder()), files.in_order("path")
        )


def _fill(files: FileList, source: str, endings: FrozenSet[str], listing: Listing) -> bool:
    """Put the files on the list; returns whether the first folders can be meant as speakers."""
    wanted = selection(listing.include, listing.exclude)
    firsts: Set[Optional[str]] = set()  # no more than three: a folder may hold a million
    for name, transcript in _walk(source, "", endings, listing, ()):
        if transcript is not None:
            files.add_beside(name, transcript)
        elif wanted(name):
            listing.listed += 1
            files.add(name)
            first = name.partition(os.sep)[0] if os.sep in name else None
            if len(firsts) < 2 or first is None:
                firsts.add(first)
    if not firsts:
        raise AmelaError(
            f"no audio in this directory (endings: {' '.join(sorted(endings))};"
            f" include: {' '.join(listing.include) or 'everything'};"
            f" exclude: {' '.join(listing.exclude) or 'nothing'})",
            source,
            "name another source, or other patterns",
        )
    return None not in firsts and len(firsts) > 1


def _recording(source: str, speakers: bool, look: Looker, here: str, file: File) -> Recording:
    path = os.path.join(source, file.path)
    size, seconds, _ = look(path, None)
    metadata: Dict[str, Any] = {"speaker": printable_id(file.path.partition(os.sep)[0])} if speakers else {}
    if file.beside is not None:
        text = _read_text(os.path.splitext(path)[0] + TRANSCRIPT_ENDINGS[file.beside])
        if text:
            metadata["text"] = text
    return Recording(printable_id(file.name), working_path(path, here), size, seconds, metadata)


def _spelt_out(include: Sequence[str]) -> FrozenSet[str]:
    endings = (os.path.splitext(pattern)[1][1:].lower() for pattern in include)
    return frozenset(ending for ending in endings if ending.isalnum())


def _walk(
    source: str, below: str, endings: FrozenSet[str], listing: Listing, ancestors: Tuple[Tuple[int, int], ...]
) -> Iterator[Tuple[str, Optional[int]]]:
    """Files in the folder ``below`` the source and in all its folders, in no order.

    Audio is (path, None), what may be a transcript (path without ending, rank of its ending).
    """
    try:
        status = os.stat(os.path.join(source, below))
        here = (status.st_dev, status.st_ino)
        if here in ancestors:  # a link back to a folder that it lies in
            return
        with os.scandir(os.path.join(source, below)) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                name = os.path.join(below, entry.name)
                stem, ending = os.path.splitext(name)
                if ending in TRANSCRIPT_ENDINGS:
                    yield stem, TRANSCRIPT_ENDINGS.index(ending)
                if _is_folder(entry):
                    yield from _walk(source, name, endings, listing, (*ancestors, here))
                elif ending[1:].lower() in endings:
                    yield name, None
    except OSError as error:
        listing.listed += 1
        listing.ledger.reject(printable_id(below), f"folder cannot be read: {error.strerror}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _read_text(path: str) -> Optional[str]:
    """One line; None if the file is no UTF-8 text, or has nothing but labels with times."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        logger.warning("transcript left out: %s: %s", path, error)
        return None
    return None if all(map(LABEL.match, lines)) else " ".join(" ".join(lines).split())
