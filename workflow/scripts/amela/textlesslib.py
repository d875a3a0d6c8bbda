"""Loading what textlesslib loads, on fairseq: for the backends ``textless`` of encoders and vocoders.

It unpickles a checkpoint, which can run whatever code stands in it.
"""

from __future__ import annotations

import logging
import os
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from amela.errors import AmelaError

CHECKPOINTS = "TEXTLESS_CHECKPOINT_ROOT"  # of textlesslib: the folder that it downloads into, and makes on import
LONGEST = 300  # characters of its message


@contextmanager
def loading(checkpoint: Path, instead: str) -> Iterator[None]:
    """A block that imports textlesslib and has it load a checkpoint.

    Args:
        instead: what else to do where it cannot.

    Raises:
        AmelaError: textlesslib cannot be imported, or not load the checkpoint.
    """
    os.environ.setdefault(CHECKPOINTS, str(checkpoint.parent))
    log_level = logging.root.level
    try:
        yield
    except Exception as error:  # of any kind: it checks little before it uses what it finds
        what = textwrap.shorten(str(error) or repr(error), LONGEST)
        raise AmelaError(f"textlesslib cannot load this checkpoint: {what}", checkpoint, instead) from error
    finally:
        logging.root.setLevel(log_level)  # which fairseq raises on import
