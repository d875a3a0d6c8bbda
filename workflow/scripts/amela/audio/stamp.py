"""Whether audio is still what it was, without reading it."""

from __future__ import annotations

import hashlib
from typing import Dict, Iterable, Optional, Tuple

from amela.io.manifest import Utterance


def audio_stamp(utterances: Iterable[Utterance]) -> str:
    """Digest of the sizes and times of change of the utterances' files, in the order in which they come first.

    A journal has it in its fingerprint: a resynthesis by other settings has the manifest of
    the one before, and other audio. Names do not count, so that a moved clone goes on.
    """
    files: Dict[str, Optional[Tuple[int, int]]] = {}
    for utterance in utterances:
        path = str(utterance.audio_path)
        if path not in files:
            try:
                found = utterance.audio_path.stat()
            except OSError:
                files[path] = None
            else:
                files[path] = (found.st_size, found.st_mtime_ns)
    return hashlib.sha256(repr(list(files.values())).encode()).hexdigest()[:16]
