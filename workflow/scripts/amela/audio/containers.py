"""What the first bytes of a file say and the decoders do not pass on."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple, Optional

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
        chunk = _chunk(file, position)
        while chunk is not None and chunk.name != b"data":
            position = chunk.end
            chunk = _chunk(file, position)
        if chunk is None:
            return None
        start = position + 8
        left = size - start
        followed = any(_only_chunks(file, end, size) for end in (start + chunk.length, chunk.end))
    present = min(chunk.length, left) if followed else left
    return DataChunk(None if chunk.length >= PLACEHOLDER and chunk.length > left else chunk.length, present)


class _Chunk(NamedTuple):
    name: bytes
    length: int  # bytes, without the eight of its head
    end: int  # where the next should start, at an even byte


def _chunk(file: BinaryIO, position: int) -> Optional[_Chunk]:
    """The chunk at ``position``; None if there is none."""
    file.seek(position)
    head = file.read(8)
    if len(head) < 8 or not all(32 <= byte < 127 for byte in head[:4]):
        return None
    name, length = struct.unpack("<4sI", head)
    return _Chunk(name, length, position + 8 + length + length % 2)


def _only_chunks(file: BinaryIO, position: int, size: int) -> bool:
    """Do whole chunks fill the file from ``position`` to its end?"""
    while position < size - 7:
        chunk = _chunk(file, position)
        if chunk is None or position + 8 + chunk.length > size:
            return False
        position = chunk.end
    return True
