"""The manifest: one utterance a line, the contract between stages (and with NeMo)."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional

from amela.errors import DataError
from amela.io.jsonl import read_jsonl, write_jsonl


@dataclass(frozen=True)
class Utterance:
    """A stretch of 16 kHz mono audio.

    ``audio_filepath`` is absolute in the file. Where the audio lies below the working
    directory, the row also keeps ``audio_relpath``, so that a moved clone finds it.
    """

    id: str
    audio_filepath: str
    duration: float  # seconds, from decoded samples
    offset: float = 0.0  # seconds into the audio file
    recording: str = ""  # id of the recording that it was cut from
    speaker: Optional[str] = None
    text: Optional[str] = None
    metadata: Dict[str, Any] = field(default_factory=dict)  # whatever else the row carries

    @property
    def audio_path(self) -> Path:
        """Where the audio is now."""
        relative = self.metadata.get("audio_relpath")
        if relative is not None and os.path.exists(relative):
            return Path(relative)
        return Path(self.audio_filepath)

    @property
    def speaker_or_recording(self) -> str:
        """Whom to normalise by and to split by: the speaker, or the recording if nobody knows."""
        return f"speaker {self.speaker}" if self.speaker is not None else f"recording {self.recording or self.id}"

    def to_row(self) -> Dict[str, Any]:
        """JSON object; optional keys that are empty are left out."""
        row: Dict[str, Any] = {"audio_filepath": self.audio_filepath, "duration": self.duration, "id": self.id}
        row["offset"] = self.offset
        row["recording"] = self.recording or self.id
        row.update((key, value) for key, value in (("speaker", self.speaker), ("text", self.text)) if value is not None)
        return {**row, **{key: value for key, value in self.metadata.items() if key not in row}}


def audio_location(path: Path) -> Dict[str, str]:
    """The keys ``audio_filepath`` and, below the working directory, ``audio_relpath``."""
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute)
    inside = not relative.startswith(os.pardir + os.sep)
    return {"audio_filepath": absolute, **({"audio_relpath": relative} if inside else {})}


def utterance_from_row(row: Dict[str, Any], where: object) -> Utterance:
    """Checked utterance. Raises DataError naming ``where`` on a missing or impossible value."""
    row = dict(row)
    try:
        known = {key: row.pop(key) for key in ("id", "audio_filepath", "duration")}
    except KeyError as error:
        raise DataError(f"manifest row without {error}", where) from error
    duration, offset = known["duration"], row.pop("offset", 0.0)
    for name, value in (("duration", duration), ("offset", offset)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
            raise DataError(f"{name} must be a number of seconds, not {value!r}", where)
    if not isinstance(known["id"], str) or not known["id"]:
        raise DataError(f"id must be a non-empty string, not {known['id']!r}", where)
    optional = {key: row.pop(key, None) for key in ("speaker", "text")}
    recording = row.pop("recording", known["id"])
    return Utterance(**known, offset=offset, recording=recording, **optional, metadata=row)


def read_manifest(path: Path) -> Iterator[Utterance]:
    """Utterances in file order. Raises DataError (file and line) on a bad or repeated row."""
    seen = set()
    for number, row in enumerate(read_jsonl(path), 1):
        utterance = utterance_from_row(row, f"{path}:{number}")
        if utterance.id in seen:
            raise DataError(f"id {utterance.id!r} stands twice", f"{path}:{number}")
        seen.add(utterance.id)
        yield utterance


def write_manifest(path: Path, utterances: Iterable[Utterance]) -> int:
    """Write the rows, whole or not at all; returns how many."""
    return write_jsonl(path, (utterance.to_row() for utterance in utterances))
