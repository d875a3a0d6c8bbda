"""What the first bytes of a file say and the decoders do not pass on."""
from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple, Optional, Tuple

PLACEHOLDER = 0x7FFF_0000  # bytes; programs that write to a pipe put a length of about 2 or 4 GiB
MPEG_HEAD = 4096  # bytes in which a Xing, Info or VBRI tag starts


class DataChunk(NamedTuple):
    """The samples of a RIFF WAVE file."""

    declared: Optional[int]  # bytes, says the header; None where it only holds a placeholder
    present: int  # bytes in the file

    @property
    def hides_samples(self) -> bool:
        """Does the file go on after what the header declares?"""
        return self.declared is not None and self.present > self.declared

    @property
    def overstatement(self) -> float:
        """How many times more the header declares than the file holds, at least 1."""
        return max(self.declared / self.present, 1.0) if self.declared and self.present else 1.0


def is_mpeg(path: Path) -> bool:
    """Does the file start like MPEG audio (mp3, or AAC in ADTS)?"""
    with path.open("rb") as file:
        head = file.read(3)
    return head == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0)


def mpeg_states_length(path: Path) -> bool:
    """Is there a tag with the number of frames? Else a length can only be guessed from the bit rate."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3" and len(head) == 10:  # four bytes of seven bits each
            size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0)))
            file.seek(10 + size)
        else:
            file.seek(0)
        first = file.read(MPEG_HEAD)
    return any(tag in first for tag in (b"Xing", b"Info", b"VBRI"))


def riff_data(path: Path) -> Optional[DataChunk]:
    """Declared and real length of the samples in a RIFF WAVE file; None for any other file.

    The header of a recorder that stopped early says 0, that of a file beyond 4 GiB wraps
    around, that of a cut download says too much. What follows the declared samples belongs
    to them unless it is a chain of chunks up to the end of the file.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        position = 12
        while True:
            name, length = _chunk(file, position)
            if name == b"data":
                break
            if length is None:
                return None
            position += 8 + length + length % 2
        start = position + 8
        end = start + length
        chained = end >= size or any(_only_chunks(file, after, size) for after in (end, end + end % 2))
    present = min(length, size - start) if chained else size - start
    return DataChunk(None if length >= PLACEHOLDER and length > size - start else length, present)


def _chunk(file: BinaryIO, position: int) -> Tuple[bytes, Optional[int]]:
    """Name and length of the chunk at ``position``; length None if there is none."""
    file.seek(position)
    head = file.read(8)
    if len(head) < 8:
        return b"", None
    name, length = struct.unpack("<4sI", head)
    return name, length


def _only_chunks(file: BinaryIO, position: int, size: int) -> bool:
    """Do chunks with readable names fill the file from ``position`` to its end?"""
    while position < size - 7:
        name, length = _chunk(file, position)
        if length is None or not all(32 <= byte < 127 for byte in name) or position + 8 + length > size:
            return False
        position += 8 + length + length % 2
    return True
