"""How the files of a source are looked at, and how much of it has been met."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Callable, Deque, Iterable, Iterator, List, NamedTuple, Optional, Sequence, TypeVar

from amela.io.ledger import Ledger

THREADS = 8  # they wait for the file system, which answers many questions as fast as one
BATCH = 32  # files that a thread takes at once
# What a table says of a file is believed if the file is that long: speech codecs go down to 600 bytes a second
# (AMR, 4.75 kbit/s); milliseconds that are taken for seconds lie below.
LEAST_BYTES_PER_SECOND = 500

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Look(NamedTuple):
    """What one look at a file has told."""

    bytes: Optional[int]  # None: nobody has looked
    seconds: Optional[float]  # None: unknown
    fault: Optional[str] = None  # why it cannot be seen


Looker = Callable[[str, Optional[float]], Look]  # path, seconds that a table tells


def look_at(path: str, told: Optional[float], header_seconds: Callable[[Path], Optional[float]]) -> Look:
    """Size and length of a file; its header is read unless the table told a length that fits the size."""
    try:
        size = os.stat(path).st_size
    except OSError as error:
        return Look(0, None, error.strerror)
    believed = told is not None and size >= LEAST_BYTES_PER_SECOND * told
    return Look(size, told if believed else header_seconds(Path(path)))


def take_word(path: str, told: Optional[float]) -> Look:
    """The table's word for a file that cannot be seen from here."""
    return Look(None, told)


@dataclass
class Listing:
    """What to take from a source, and what has become of it."""

    include: Sequence[str]
    exclude: Sequence[str]
    ledger: Ledger
    look: Looker
    listed: int = 0  # what the source names and the patterns take, counted where it is met


def answers(ask: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """``ask`` of each item, in their order, by several threads; a few hundred items are under way at a time."""
    left = iter(items)
    waiting: Deque[Future[List[Answer]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            batch = list(islice(left, BATCH))
            if batch:
                waiting.append(pool.submit(lambda batch: [ask(item) for item in batch], batch))
            if not waiting:
                return
            if not batch or len(waiting) > 2 * THREADS:
                yield from waiting.popleft().result()
