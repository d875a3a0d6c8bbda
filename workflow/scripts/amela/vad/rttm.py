"""RTTM, the interchange format of speaker diarisation: one interval a line.

Source: NIST, The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix A.
"""

from __future__ import annotations

import re
from typing import Iterator, Sequence
from urllib.parse import quote

DECIMALS = 7  # of seconds, as in amela.vad.intervals


def rttm_name(name: str) -> str:
    """A name without white space, which separates the fields: percent-encoded."""
    return re.sub(r"\s", lambda space: quote(space[0]), name)


def rttm_lines(name: str, speech: Sequence[Sequence[float]]) -> Iterator[str]:
    """One line for each (start, end) of speech, in seconds, of the file ``name``."""
    for start, end in speech:
        times = f"{start:.{DECIMALS}f} {end - start:.{DECIMALS}f}"
        yield f"SPEAKER {rttm_name(name)} 1 {times} <NA> <NA> speech <NA> <NA>\n"
