"""Recordings of an inventory → utterances of 16 kHz mono, with their audio files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Protocol, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.decode import Pcm, decode
from amela.audio.levels import MS
from amela.audio.segmentation import BLOCK, Segmentation, check_audible, segment, stays_whole
from amela.errors import DataError, Rejected
from amela.io.jsonl import read_jsonl
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, audio_location
from amela.vad import Detector

# What a recording's row says of its file, and what an utterance's row says anew.
OWN_KEYS = {"path", "bytes", "seconds", "audio_filepath", "audio_relpath", "duration", "offset", "recording"}
OWN_KEYS |= {"id", "start", "end", "speaker", "text", "warning"}

Location = Tuple[Dict[str, str], float]  # ``audio_location`` of a file, and seconds into it


def read_recordings(path: Path) -> Iterator[Dict[str, Any]]:
    """Rows of an inventory. Raises DataError (file and line) on one without id, path or bytes."""
    for number, row in enumerate(read_jsonl(path), 1):
        for key, kind in (("id", str), ("path", str), ("bytes", int)):
            if not isinstance(row.get(key), kind):
                raise DataError(f"recording without {key!r} ({kind.__name__})", f"{path}:{number}")
        yield row


class AudioFolder(Protocol):
    """Takes the audio of a shard."""

    def write(self, item: str, blocks: Iterable[np.ndarray]) -> Location:
        """Write the int16 blocks of one utterance; returns where it lies."""
        ...


def make_utterances(
    recording: Dict[str, Any],
    settings: Segmentation,
    detector: Optional[Detector],
    folder: AudioFolder,
    ledger: Ledger,
    open_recording: Callable[[Path], Pcm] = decode,
) -> Iterator[Utterance]:
    """Utterances of one recording, in the order of time; their audio is written as they come.

    Pieces that are too short go into the ledger.

    Args:
        recording: row of the inventory.
        settings: where to cut.
        detector: for method vad.
        folder: takes the audio; a whole recording that already is 16 kHz mono stays where it is.
        ledger: of the stage.
        open_recording: what decodes it, maybe by way of a local disk.

    Raises:
        Rejected: the recording has changed since the inventory, is gone, cannot be decoded,
            is silent, or has no speech that could be cut out. Nothing has been written then.
    """
    path = Path(recording["path"])
    check_unchanged(path, recording["bytes"])
    with open_recording(path) as pcm:
        check_audible(pcm)
        if stays_whole(pcm, settings):
            native = audio_location(path), 0.0
            location = native if pcm.native else folder.write(recording["id"], pcm.blocks(BLOCK))
            yield _whole(recording, pcm, location)
            return
        kept, dropped = segment(pcm, settings, detector)
        for start, end in dropped.tolist():
            reason = f"shorter than min_duration ({settings.min_duration} s), with no neighbour to join"
            times = {"start": start / 1000, "end": min(end / 1000, pcm.duration)}
            ledger.reject(recording["id"], reason, filtered=True, recording=recording["id"], **times)
        for start, end in kept.tolist():
            yield _cut(recording, pcm, start, end, folder)


def check_unchanged(path: Path, n_bytes: int) -> None:
    """Raise Rejected if the file has another size than in the inventory. What is gone is left to ``decode``."""
    found = os.path.getsize(path) if os.path.isfile(path) else n_bytes
    if found != n_bytes:
        raise Rejected(f"changed since the inventory: {n_bytes} bytes then, {found} now", path)


def _whole(recording: Dict[str, Any], pcm: Pcm, location: Location) -> Utterance:
    utterance = _utterance(recording, recording["id"], pcm, (0, pcm.n_samples), location)
    return replace(utterance, text=recording.get("text"))


def _cut(recording: Dict[str, Any], pcm: Pcm, start: int, end: int, folder: AudioFolder) -> Utterance:
    """Utterance from ``start`` to ``end`` (ms)."""
    name = f"{recording['id']}/{start:08d}-{end:08d}"
    first, stop = start * MS, min(end * MS, pcm.n_samples)
    blocks = (pcm.read(begin, min(begin + BLOCK, stop)) for begin in range(first, stop, BLOCK))
    return _utterance(recording, name, pcm, (first, stop), folder.write(name, blocks))


def _utterance(
    recording: Dict[str, Any], name: str, pcm: Pcm, samples: Tuple[int, int], location: Location
) -> Utterance:
    """Utterance without a text; the recording's metadata travel on. ``samples``: from, to."""
    first, stop = samples
    file, offset = location
    metadata: Dict[str, Any] = {key: value for key, value in file.items() if key != "audio_filepath"}
    metadata.update(start=first / SAMPLE_RATE, end=stop / SAMPLE_RATE)
    metadata.update((key, value) for key, value in recording.items() if key not in OWN_KEYS)
    if pcm.warning:
        metadata["warning"] = pcm.warning
    return Utterance(
        id=name,
        audio_filepath=file["audio_filepath"],
        duration=(stop - first) / SAMPLE_RATE,
        offset=offset,
        recording=recording["id"],
        speaker=recording.get("speaker"),
        metadata=metadata,
    )
