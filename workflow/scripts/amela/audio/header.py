"""How long a recording is, as far as its header knows: a matter of microseconds, for planning only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from amela.audio.readers import FfmpegReader, SoundFileReader
from amela.errors import Rejected


def header_seconds(path: Path) -> Optional[float]:
    """Seconds that the header tells, or that FFmpeg guesses from a bit rate; None if nobody can say."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return None
    for open_reader in (SoundFileReader, FfmpegReader):
        try:
            with open_reader(path) as reader:
                if reader.header_seconds is not None:
                    return round(reader.header_seconds, 3)
        except (Rejected, OSError):
            continue
    return None
