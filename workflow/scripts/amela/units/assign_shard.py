"""Units of a shard, window by window, with a journal: a killed job goes on after the last finished window."""

from __future__ import annotations

import base64
from typing import Any, Dict, Iterable, Iterator, Tuple

import numpy as np

from amela.batches import windows
from amela.errors import Rejected
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance
from amela.units.stream import Encoded, Stream

# Shape legend: T = frames of an utterance.

PACKED = np.dtype("<u2")  # of units in the journal: a tenth of what Python's numbers take


def assign_shard(
    utterances: Iterable[Utterance], stream: Stream[np.ndarray], journal: Journal, ledger: Ledger
) -> Iterator[Tuple[str, np.ndarray]]:
    """Id and units (uint16, shape (T,)) of every utterance, in order; what is rejected goes into the ledger.

    Args:
        stream: gives the units of each stretch.
        journal: keeps the units of each window. Windows are those of the whole shard: what is
            left of one would make other batches, and these, by rounding, other units now and then.
    """
    numbered = [(str(number), window) for number, window in enumerate(windows(utterances, stream.batch_seconds))]
    finished = set(journal.rows)
    results = stream.run(window for number, window in numbered if number not in finished)
    for number, _ in numbered:
        if number not in finished:
            journal.add({"id": number, "utterances": [_row(encoded) for encoded in next(results)]})
        for row in journal.rows.pop(number)["utterances"]:
            with ledger.guard(row["id"]):
                yield row["id"], _units(row)


def _row(encoded: Encoded[np.ndarray]) -> Dict[str, Any]:
    if encoded.rejected is not None:
        return {"id": encoded.utterance.id, "reason": str(encoded.rejected)}
    units_T = np.concatenate(encoded.parts).astype(PACKED)
    return {"id": encoded.utterance.id, "units": base64.b64encode(units_T.tobytes()).decode()}


def _units(row: Dict[str, Any]) -> np.ndarray:
    if "reason" in row:
        raise Rejected(row["reason"])
    return np.frombuffer(base64.b64decode(row["units"]), dtype=PACKED)
