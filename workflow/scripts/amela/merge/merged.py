"""Rows of the merged tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from amela.asr.gates import Limits, checked_transcripts
from amela.errors import AmelaError, DataError
from amela.io.jsonl import read_jsonl
from amela.io.table import read_table
from amela.merge.stages import output_file, stage_name

TRANSCRIBED = ("words", "segments", "reference")  # keys that only a transcript may give a row

Row = Dict[str, Any]


def merged_table(corpus: Path, chain: Sequence[str], shards: int, limits: Optional[Limits] = None) -> Iterator[Row]:
    """Rows of a (proven) chain's table, in the order of the shards.

    Args:
        limits: of a table of transcripts, which is not made without.

    Raises:
        AmelaError: after the last row, if a table of transcripts cannot be true; see
            ``checked_transcripts``.
    """
    rows = (row for shard in range(shards) for row in merged_rows(corpus, chain, shard))
    if stage_name(chain[-1]) != "asr":
        return rows
    if limits is None:
        raise AmelaError("transcripts are not merged unchecked", chain[-1], "give --max-repeated")
    return checked_transcripts(rows, limits, corpus / output_file(chain[-1], "*"))


def merged_rows(corpus: Path, chain: Sequence[str], shard: int) -> Iterator[Row]:
    """Rows that the last link of a (proven) chain adds to its table, in the order of the shard."""
    return ROWS[stage_name(chain[-1])](corpus, chain, shard)


def _as_they_are(corpus: Path, chain: Sequence[str], shard: int) -> Iterator[Row]:
    return read_jsonl(corpus / output_file(chain[-1], shard))


def _units(corpus: Path, chain: Sequence[str], shard: int) -> Iterator[Row]:
    """``id``, ``shard``, ``frames``, ``duration`` (seconds)."""
    table, metadata = read_table(corpus / output_file(chain[-1], shard), "units")
    for item, frames in zip(table.column("id").to_pylist(), _lengths(table.column("units"))):
        yield {"id": item, "shard": shard, "frames": frames, "duration": round(frames * metadata["hop"], 6)}


def _motifs(corpus: Path, chain: Sequence[str], shard: int) -> Iterator[Row]:
    """``id``, ``shard``, ``tokens``, ``frames``, ``duration`` (seconds)."""
    table, metadata = read_table(corpus / output_file(chain[-1], shard), "motifs")
    for item, spans in zip(table.column("id").to_pylist(), table.column("frames").to_pylist()):
        counts = {"tokens": len(spans), "frames": sum(spans)}
        yield {"id": item, "shard": shard, **counts, "duration": round(counts["frames"] * metadata["hop"], 6)}


def _transcripts(corpus: Path, chain: Sequence[str], shard: int) -> Iterator[Row]:
    """The manifest's row; ``text`` is the hypothesis, ``reference`` what the manifest said, where it was not kept."""
    manifest = {row["id"]: row for row in read_jsonl(corpus / output_file(chain[0], shard))}
    transcripts = corpus / output_file(chain[-1], shard)
    for number, transcript in enumerate(read_jsonl(transcripts), 1):
        if not isinstance(transcript.get("text"), str) or "model" not in transcript:
            raise DataError("transcript without 'text' or 'model'", f"{transcripts}:{number}")
        row = manifest[transcript["id"]]
        text = row.get("text") or ""
        reference = {"reference": text} if text.strip() and transcript["model"] is not None else {}
        row = {key: value for key, value in row.items() if key not in TRANSCRIBED}  # a source may be such a table
        yield {**row, **transcript, **reference}


def _lengths(column: pa.ChunkedArray) -> Sequence[int]:
    return pc.list_value_length(column).to_pylist()


ROWS: Dict[str, Callable[[Path, Sequence[str], int], Iterator[Row]]] = {
    "manifest": _as_they_are,
    "kmeans_assign": _units,
    "bpe_apply": _motifs,
    "resynth": _as_they_are,
    "asr": _transcripts,
}
