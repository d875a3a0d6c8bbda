"""Motifs: what byte pair encoding made of the units, with their times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import pyarrow as pa

from amela.errors import DataError, Rejected
from amela.io.table import read_table, write_table
from amela.provenance import check_fingerprint
from amela.units.bpe import Bpe
from amela.units.sequences import deduplicate, split_lists
from amela.units.vocabulary import Vocabulary

KIND = "motifs"
SCHEMA = pa.schema([("id", pa.string()), ("tokens", pa.list_(pa.int32())), ("frames", pa.list_(pa.int32()))])
OCCURRENCES_SCHEMA = pa.schema(
    [("motif", pa.int32()), ("id", pa.string()), ("start", pa.float64()), ("end", pa.float64())]
)

# Shape legend: T = unit frames of an utterance, N = tokens of an utterance, V = vocabulary.


@dataclass(frozen=True)
class MotifShard:
    """Tokens of one shard's utterances, in manifest order, and the unit frames of each (int32, shape (N,))."""

    ids: List[str]
    tokens: List[np.ndarray]
    frames: List[np.ndarray]
    hop: float  # seconds a unit frame
    vocab_size: int
    fingerprint: Dict[str, Any]

    def add(self, item: str, tokens_N: np.ndarray, frames_N: np.ndarray) -> None:
        self.ids.append(item)
        self.tokens.append(tokens_N)
        self.frames.append(frames_N)


def write_motifs(path: Path, shard: MotifShard) -> None:
    """Write one shard of motifs, whole or not at all."""
    columns = {"id": shard.ids, "tokens": shard.tokens, "frames": shard.frames}
    made_by = {"hop": shard.hop, "vocab_size": shard.vocab_size, "fingerprint": shard.fingerprint}
    write_table(path, columns, SCHEMA, KIND, **made_by)


def read_motifs(path: Path) -> MotifShard:
    """Read what ``write_motifs`` wrote. Raises DataError where tokens and frames do not belong together."""
    table, metadata = read_table(path, KIND)
    ids = table.column("id").to_pylist()
    tokens, frames = split_lists(table.column("tokens")), split_lists(table.column("frames"))
    for item, tokens_N, frames_N in zip(ids, tokens, frames):
        if len(tokens_N) != len(frames_N):
            raise DataError(f"{item!r} has {len(tokens_N)} tokens, but frames of {len(frames_N)}", path)
    return MotifShard(ids, tokens, frames, metadata["hop"], metadata["vocab_size"], metadata["fingerprint"])


def find_motifs(vocabulary: Vocabulary, units_T: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Tokens of an utterance, and how many frames each spans.

    Where the vocabulary counts runs of a unit as one, the frames of the runs go to the
    tokens, so that no duration is lost.

    Returns:
        tokens_N, frames_N: int32; the frames add up to T.

    Raises:
        Rejected: there is no unit.
    """
    if not len(units_T):
        raise Rejected("it has no units")
    everything = units_T, np.ones(len(units_T), dtype=np.int64)
    units_R, runs_R = deduplicate(units_T) if vocabulary.deduplicate else everything
    tokens_N = vocabulary.bpe.encode(units_R)
    ends_N = np.cumsum(vocabulary.bpe.lengths_V[tokens_N])
    frames_N = np.add.reduceat(runs_R, np.concatenate([[0], ends_N[:-1]]))
    return tokens_N, frames_N.astype(np.int32)


def write_occurrences(path: Path, shard: MotifShard, lengths_V: np.ndarray) -> int:
    """Write when each motif longer than one unit begins and ends; returns how many there are."""
    columns: Dict[str, List[np.ndarray]] = {"motif": [], "start": [], "end": []}
    ids: List[str] = []
    for item, tokens_N, frames_N in zip(shard.ids, shard.tokens, shard.frames):
        ends_N = np.cumsum(frames_N, dtype=np.int64)
        long_N = lengths_V[tokens_N] > 1
        columns["motif"].append(tokens_N[long_N])
        columns["start"].append((ends_N - frames_N)[long_N])
        columns["end"].append(ends_N[long_N])
        ids += [item] * int(long_N.sum())
    joined = {name: np.concatenate(parts) if parts else np.zeros(0, np.int64) for name, parts in columns.items()}
    times = {name: np.round(joined[name] * shard.hop, 6) for name in ("start", "end")}  # whole microseconds
    made_by = {"hop": shard.hop, "fingerprint": shard.fingerprint}
    write_table(path, {**joined, **times, "id": ids}, OCCURRENCES_SCHEMA, "occurrences", **made_by)
    return len(ids)


@dataclass
class MotifUse:
    """How often a corpus uses each piece of the vocabulary, and for how long."""

    bpe: Bpe
    hop: float
    counts_V: np.ndarray  # tokens
    frames_V: np.ndarray  # unit frames

    def table(self) -> List[Dict[str, Any]]:
        """A row for each piece that occurs, most frequent first."""
        used = np.flatnonzero(self.counts_V)
        order = used[np.argsort(-self.counts_V[used], kind="stable")]
        return [
            {
                "motif": int(motif),
                "units": " ".join(map(str, self.bpe.pieces[motif])),
                "length": len(self.bpe.pieces[motif]),
                "count": int(self.counts_V[motif]),
                "mean_duration": round(float(self.frames_V[motif] / self.counts_V[motif] * self.hop), 6),
            }
            for motif in order
        ]

    def summary(self) -> Dict[str, Any]:
        """Totals and means; means over no token at all are None.

        ``units`` counts what the pieces are made of (runs as one where the model was
        trained so), ``frames`` the frames of the codebook. ``share_longer_than_one`` is
        of the tokens, ``pieces_longer_than_one`` of the pieces that occur.
        """
        lengths_V, used_V = self.bpe.lengths_V, self.counts_V > 0
        tokens, pieces = int(self.counts_V.sum()), int(used_V.sum())
        units, frames = int(self.counts_V @ lengths_V), int(self.frames_V.sum())
        long_V = lengths_V > 1
        return {
            "vocab_size": self.bpe.vocab_size,
            "tokens": tokens,
            "units": units,
            "frames": frames,
            "pieces_used": pieces,
            "pieces_longer_than_one": int((used_V & long_V).sum()) / pieces if pieces else None,
            "share_longer_than_one": int(self.counts_V[long_V].sum()) / tokens if tokens else None,
            "mean_length": units / tokens if tokens else None,
            "mean_duration": round(frames / tokens * self.hop, 6) if tokens else None,
        }


def motif_use(vocabulary: Vocabulary, paths: Sequence[Path]) -> MotifUse:
    """Add up the shards of a corpus. Raises DataError where one was made by another model."""
    counts_V = np.zeros(vocabulary.bpe.vocab_size, dtype=np.int64)
    frames_V = np.zeros_like(counts_V)
    for path in paths:
        shard = read_motifs(path)
        check_fingerprint(shard.fingerprint, vocabulary.fingerprint, path)
        for tokens_N, frames_N in zip(shard.tokens, shard.frames):
            np.add.at(counts_V, tokens_N, 1)
            np.add.at(frames_V, tokens_N, frames_N)
    return MotifUse(vocabulary.bpe, shard.hop, counts_V, frames_V)
