"""Read what the stages have written, as plain rows for the report's tables and figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Container, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from amela.io.jsonl import read_jsonl
from amela.io.table import read_table
from amela.vad.statistics import stretches

Row = Dict[str, Any]
SCORE_NAMES = ("voice", "normaliser", "group", "value")  # columns that are no numbers


class Results:
    """The ``results/`` folder of one run.

    ``contents`` are the names that the configuration gives: ``corpora`` (name → shards),
    ``tables``, ``codebooks``, ``bpes``, ``vocoders``, ``asrs`` (lists) and ``lms`` (name → grid points).
    """

    def __init__(self, root: Path, contents: Mapping[str, Any]) -> None:
        self.root, self.contents = root, contents
        self.corpora: List[str] = list(contents["corpora"])

    def shards(self, corpus: str, stage: str, ending: str) -> Iterator[Path]:
        """The files of one stage, shard by shard."""
        for shard in range(self.contents["corpora"][corpus]):
            yield self.root / "corpora" / corpus / stage / f"shard-{shard}{ending}"

    def merged(self, corpus: str, table: str, ending: str = ".jsonl") -> Path:
        return self.root / "corpora" / corpus / "merged" / f"{table}{ending}"


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def read_tsv(path: Path) -> List[Row]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def coverage(results: Results) -> List[Row]:
    """One row for each stage of each merged table: corpus, table, stage, in, out, rejected, filtered."""
    return [
        {"corpus": corpus, "table": table, **stage}
        for corpus in results.corpora
        for table in results.contents["tables"]
        for stage in read_json(results.merged(corpus, table, ".coverage.json"))["stages"]
    ]


def rejected(results: Results) -> Iterator[Row]:
    """Every row of every merged ledger, with its corpus; each table's ledger holds its own stages only."""
    for corpus in results.corpora:
        for table in results.contents["tables"]:
            for row in read_jsonl(results.merged(corpus, table, ".rejected.jsonl")):
                yield {"corpus": corpus, **row}


def rows_by_id(path: Path, ids: Container[str]) -> Dict[str, Row]:
    """The rows of a JSON Lines table whose id is asked for; the table itself may be large."""
    return {row["id"]: row for row in read_jsonl(path) if row["id"] in ids}


def speech_and_pauses(results: Results, corpus: str) -> Tuple[np.ndarray, np.ndarray]:
    """Durations (s) of all stretches of speech and of all pauses of a corpus."""
    speech: List[float] = []
    pauses: List[float] = []
    for path in results.shards(corpus, "vad", ".jsonl"):
        for row in read_jsonl(path):
            spoken, silent = stretches(row["speech"], row["duration"])
            speech += spoken
            pauses += silent
    return np.array(speech), np.array(pauses)


def unit_counts(results: Results, codebook: str) -> np.ndarray:
    """Frames of each unit over all corpora, shape (K,)."""
    counts: Optional[np.ndarray] = None
    for corpus in results.corpora:
        for path in results.shards(corpus, f"units/{codebook}", ".parquet"):
            table, metadata = read_table(path, "units")
            if counts is None:
                counts = np.zeros(metadata["k"], np.int64)
            values = table.column("units").combine_chunks().flatten().to_numpy(zero_copy_only=False)
            counts += np.bincount(values, minlength=len(counts))
    return counts if counts is not None else np.zeros(0, np.int64)


def motif_rows(results: Results, corpus: str, bpe: str) -> List[Row]:
    """The motif table of a corpus, most frequent first; numbers as numbers."""
    path = results.root / "corpora" / corpus / "motifs" / bpe / "motifs.tsv"
    return [
        {
            "motif": int(row["motif"]),
            "units": row["units"],
            "length": int(row["length"]),
            "count": int(row["count"]),
            "mean_duration": float(row["mean_duration"]),
        }
        for row in read_tsv(path)
    ]


def occurrences(results: Results, corpus: str, bpe: str, motif: int, limit: int) -> List[Row]:
    """Where a motif occurs: id, start, end (s); at most one of each utterance, ``limit`` in all."""
    found: Dict[str, Row] = {}
    for path in results.shards(corpus, f"motifs/{bpe}", ".occurrences.parquet"):
        table, _ = read_table(path, "occurrences")
        hits = np.flatnonzero(table.column("motif").to_numpy() == motif)
        for row in table.take(hits).to_pylist():
            found.setdefault(row["id"], row)
            if len(found) == limit:
                return list(found.values())
    return list(found.values())


def asr_scores(results: Results) -> List[Row]:
    """Rows of every table of error rates, with their corpus and asr; numbers as numbers, None where there is none."""
    rows: List[Row] = []
    for corpus in results.corpora:
        for asr in results.contents["asrs"]:
            for row in read_tsv(results.root / "scores" / "asr" / corpus / f"{asr}.tsv"):
                numbers = {key: _number(text) for key, text in row.items() if key not in SCORE_NAMES}
                rows.append({"corpus": corpus, "asr": asr, **row, **numbers})
    return rows


def _number(text: str) -> Optional[float]:
    if not text:
        return None
    return float(text) if "." in text or "e" in text else int(text)


def lm_history(results: Results, lm: str, point: str) -> List[Row]:
    path = results.root / "models" / "lms" / lm / point / "history.tsv"
    return [{key: float(row[key]) for key in ("epoch", "train", "valid")} for row in read_tsv(path)]
