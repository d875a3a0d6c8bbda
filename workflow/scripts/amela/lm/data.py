"""Token sequences of several corpora: what language models are trained and scored on.

Utterances are known by (corpus, id): two corpora may use the same ids.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

import numpy as np

from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance, read_manifest
from amela.io.table import read_table
from amela.provenance import check_fingerprint
from amela.units.sequences import deduplicate, read_units, split_lists


@dataclass(frozen=True)
class TokenizedUtterance:
    """An utterance as a language model sees it."""

    corpus: str
    id: str
    sequence: np.ndarray  # boundary, tokens, boundary
    seconds: float  # of speech that the tokens stand for
    speaker: Optional[str]
    recording: str

    @property
    def predictions(self) -> int:
        """Symbols to predict: every token, and the end."""
        return len(self.sequence) - 1


@dataclass(frozen=True)
class TokenShard:
    """Tokens of one shard, before they meet their utterances."""

    ids: Sequence[str]
    tokens: Sequence[np.ndarray]
    source: Dict[str, Any]  # kind, hop, vocab_size, fingerprint


@dataclass(frozen=True)
class TokenData:
    """Utterances of all corpora, in the order of corpora, shards and rows."""

    utterances: List[TokenizedUtterance]
    source: Dict[str, Any]  # kind, hop, vocab_size, fingerprint, deduplicate

    @property
    def vocab_size(self) -> int:
        """Different tokens; the boundary has the next id."""
        return self.source["vocab_size"]

    def digest(self) -> str:
        """SHA-256 of everything that training and scores depend on."""
        digest = hashlib.sha256(json.dumps(self.source, sort_keys=True).encode())
        for utterance in self.utterances:
            row = (utterance.corpus, utterance.id, utterance.seconds, utterance.speaker, utterance.recording)
            digest.update(json.dumps([*row, len(utterance.sequence)]).encode())
            digest.update(utterance.sequence.tobytes())
        return digest.hexdigest()


def frame_sequence(tokens: np.ndarray, vocab_size: int) -> np.ndarray:
    """``tokens`` (N,) between two boundaries (id ``vocab_size``): (N + 2,), in the smallest integer type."""
    framed = np.full(len(tokens) + 2, vocab_size, dtype=np.min_scalar_type(vocab_size + 1))
    framed[1:-1] = tokens
    return framed


def read_unit_shard(path: Path) -> TokenShard:
    """Units of a shard, frame by frame."""
    shard = read_units(path)
    source = {"kind": "units", "hop": shard.hop, "vocab_size": shard.k, "fingerprint": shard.fingerprint}
    return TokenShard(shard.ids, shard.units, source)


def read_motif_shard(path: Path) -> TokenShard:
    """Motifs of a shard."""
    # Not through amela.units.motifs, which needs SentencePiece: this environment is without it.
    table, metadata = read_table(path, "motifs")
    source = {"kind": "motifs", **{key: metadata[key] for key in ("hop", "vocab_size", "fingerprint")}}
    return TokenShard(table.column("id").to_pylist(), split_lists(table.column("tokens")), source)


READERS = {"units": read_unit_shard, "motifs": read_motif_shard}


def corpora_from_arguments(arguments: Sequence[Sequence[str]]) -> Dict[str, Tuple[List[Path], List[Path]]]:
    """What ``read_corpora`` takes, from command lines ``NAME MANIFESTS TOKENS SHARDS``."""
    return {
        name: (
            [Path(manifests, f"shard-{shard}.jsonl") for shard in range(int(count))],
            [Path(tokens, f"shard-{shard}.parquet") for shard in range(int(count))],
        )
        for name, manifests, tokens, count in arguments
    }


def read_corpora(
    corpora: Mapping[str, Tuple[Sequence[Path], Sequence[Path]]], kind: str, drop_repeats: bool
) -> TokenData:
    """Utterances of every corpus: tokens from its shards, the rest from its manifests.

    Args:
        corpora: name → (shards of the manifest, shards of tokens).
        kind: what the shards hold: "units" or "motifs".
        drop_repeats: units only: a run of one unit counts as one token.

    Raises:
        DataError: shards of different makes, a token beyond the vocabulary, an utterance that
            the manifest does not know or that stands twice.
    """
    utterances: List[TokenizedUtterance] = []
    source: Dict[str, Any] = {}
    for corpus, (manifests, shards) in corpora.items():
        known = {utterance.id: utterance for path in manifests for utterance in read_manifest(path)}
        seen: Set[str] = set()
        for path in shards:
            shard = READERS[kind](path)
            source = source or shard.source
            check_fingerprint(shard.source, source, path)
            tokens = [deduplicate(row)[0] for row in shard.tokens] if drop_repeats else shard.tokens
            utterances += _join(corpus, shard.ids, tokens, source["vocab_size"], known, seen, path)
    if not utterances:
        raise AmelaError("there is not one utterance to train a language model on", ", ".join(corpora))
    return TokenData(utterances, {**source, "deduplicate": drop_repeats})


def _join(
    corpus: str,
    ids: Sequence[str],
    tokens: Sequence[np.ndarray],
    vocab_size: int,
    known: Mapping[str, Utterance],
    seen: Set[str],
    path: Path,
) -> Iterator[TokenizedUtterance]:
    for name, sequence in zip(ids, tokens):
        if name in seen:
            raise DataError(f"id {name!r} stands twice in corpus {corpus!r}", path)
        if name not in known:
            raise DataError(f"id {name!r} is not in the manifest of corpus {corpus!r}", path)
        if len(sequence) and not 0 <= int(sequence.min()) <= int(sequence.max()) < vocab_size:
            raise DataError(f"id {name!r} has a token beyond the vocabulary of {vocab_size}", path)
        seen.add(name)
        row = known[name]
        framed = frame_sequence(sequence, vocab_size)
        yield TokenizedUtterance(corpus, name, framed, row.duration, row.speaker, row.recording or name)
