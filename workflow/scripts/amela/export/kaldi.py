"""A data directory of Kaldi.

Source: https://kaldi-asr.org/doc/data_prep.html; utils/validate_data_dir.sh of Kaldi accepts it.
"""

from __future__ import annotations

import re
import shlex
from itertools import groupby
from pathlib import Path
from typing import Dict, List, Tuple

from amela.export.exporter import Corpus, Exporter, UnitSequence
from amela.export.lines import spaced
from amela.io.manifest import Utterance

SPACE = re.compile(r"[\s=]")
BELOW_THE_HYPHEN = re.compile(r"[\s=]|[\x21-\x2d]")


class Kaldi(Exporter):
    """text (the units), utt2spk, spk2utt, segments and wav.scp, sorted by bytes as Kaldi wants them.

    An utterance is called SPEAKER-ID, the recording standing for an unknown speaker: both files of
    speakers must be sorted in the same way. White space is written as ``=20`` and so on, as are
    characters of a speaker that sort before the hyphen.
    """

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        super().__init__(folder, corpus)
        self._files_of: Dict[str, str] = {}  # audio file → its name in wav.scp
        self._rows: List[Tuple[str, str, str, str]] = []  # utterance, speaker, segment, units

    def add(self, utterance: Utterance, sequence: UnitSequence) -> None:
        speaker = utterance.speaker or utterance.recording or utterance.id
        speaker = escaped(speaker, BELOW_THE_HYPHEN)
        number = len(self._files_of) + 1
        file = self._files_of.setdefault(utterance.audio_filepath, f"file-{number:08d}")
        segment = f"{file} {utterance.offset:.6f} {utterance.offset + utterance.duration:.6f}"
        name = f"{speaker}-{escaped(utterance.id, SPACE)}"
        self._rows.append((name, speaker, segment, spaced(sequence.units)))

    def finish(self) -> None:
        self._rows.sort(key=lambda row: _bytes(row[0]))
        text, utt2spk, segments = (self.open(name) for name in ("text", "utt2spk", "segments"))
        for name, speaker, segment, units in self._rows:
            text.write(f"{name} {units}".rstrip() + "\n")
            utt2spk.write(f"{name} {speaker}\n")
            segments.write(f"{name} {segment}\n")
        spk2utt = self.open("spk2utt")
        for speaker, rows in groupby(self._rows, key=lambda row: row[1]):
            spk2utt.write(f"{speaker} {' '.join(row[0] for row in rows)}\n")
        wav_scp = self.open("wav.scp")
        for path, file in self._files_of.items():
            wav_scp.write(f"{file} {_read_by_kaldi(path)}\n")


def escaped(name: str, pattern: re.Pattern) -> str:
    """A name whose characters that match are written as =XX, their bytes in hexadecimal; no two become one."""
    return pattern.sub(lambda found: "".join(f"={byte:02X}" for byte in _bytes(found[0])), name)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _read_by_kaldi(path: str) -> str:
    """Kaldi reads WAV itself, anything else through a command."""
    return path if path.lower().endswith(".wav") else f"flac --decode --stdout --silent {shlex.quote(path)} |"
