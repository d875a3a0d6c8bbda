"""The report: one page that opens offline, and its first table as a file."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Tuple

import numpy as np

from amela.io.jsonl import read_jsonl
from amela.merge.stages import is_piece
from amela.report import collect, figures, listening
from amela.report.collect import Results, Row
from amela.report.recognition import rate, recognition_section, scored, word_error_facts
from amela.report.template import render

TEMPLATE = Path(__file__).resolve().parents[3] / "report" / "report.html.j2"
REJECTED_SHOWN = 50  # rows; the ledgers hold them all
MOTIFS_SHOWN = 8  # motifs with audio, of each table


def build_page(results: Results, examples: int) -> Tuple[str, List[Row]]:
    """The page as HTML, and the summary that stands on top of it (rows of name and value)."""
    counts = {name: collect.unit_counts(results, name) for name in results.contents["codebooks"]}
    summary = summarise(results, counts)
    ledger = collect.rejected(results)
    shown = list(itertools.islice(ledger, REJECTED_SHOWN))
    content: Dict[str, Any] = {
        "summary": summary,
        "coverage": collect.coverage(results),
        "rejected": shown,
        "rejected_more": sum(1 for _ in ledger),
        "corpora": [corpus_section(results, corpus, examples) for corpus in results.corpora],
        "codebooks": [codebook_section(name, counts_K) for name, counts_K in counts.items()],
        "lms": [lm_section(results, lm, points) for lm, points in results.contents["lms"].items()],
        "recognition": recognition_section(results),
    }
    return render(TEMPLATE, {"number": number, "rate": rate, "scored": scored}, content), summary


def number(value: Any, digits: int = 3) -> str:
    """A figure for people: thousands apart, no false precision, a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:,.{digits}g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def corpus_section(results: Results, corpus: str, examples: int) -> Row:
    speech_N, pauses_N = collect.speech_and_pauses(results, corpus)
    return {
        "name": corpus,
        "histogram": figures.duration_histogram(speech_N, pauses_N),
        "motifs": [
            {"bpe": bpe, "rows": listening.motif_examples(results, corpus, bpe, MOTIFS_SHOWN)}
            for bpe in results.contents["bpes"]
        ],
        "examples": listening.spoken_examples(results, corpus, examples),
    }


def codebook_section(codebook: str, counts_K: np.ndarray) -> Row:
    return {
        "name": codebook,
        "figure": figures.unit_usage(counts_K),
        "used": int((counts_K > 0).sum()),
        **usage(counts_K),
    }


def usage(counts_K: np.ndarray) -> Row:
    """Number of units, and perplexity of their use, exp(−Σ p ln p): K if all are used alike."""
    shares = counts_K[counts_K > 0] / max(1, counts_K.sum())
    return {"k": len(counts_K), "perplexity": float(np.exp(-(shares * np.log(shares)).sum()))}


def lm_section(results: Results, lm: str, points: List[str]) -> Row:
    folder = results.root / "models" / "lms" / lm
    histories = {point: collect.lm_history(results, lm, point) for point in points}
    best = collect.read_json(folder / "best.json")
    score = collect.read_json(folder / best["point"] / "score.json")
    return {
        "name": lm,
        "figure": figures.learning_curves(histories),
        "grid": collect.read_tsv(folder / "summary.tsv"),
        "best": best["point"],
        "scores": [
            {"model": "LSTM", **score},
            {"model": "bigram", **score["bigram"]},
            {"model": "unigram", **score["unigram"]},
        ],
        "warnings": score.get("warnings", []),
    }


def summarise(results: Results, counts: Mapping[str, np.ndarray]) -> List[Row]:
    """What was made: one row of name and value for each fact; names begin with the thing they are about."""
    rows: List[Tuple[str, Any]] = []
    for corpus in results.corpora:
        rows += _corpus_facts(results, corpus)
    for codebook, counts_K in counts.items():
        facts = usage(counts_K)
        rows += [(f"{codebook}: units", facts["k"]), (f"{codebook}: perplexity of units", facts["perplexity"])]
    for corpus, bpe in itertools.product(results.corpora, results.contents["bpes"]):
        motifs = collect.motif_rows(results, corpus, bpe)
        rows.append((f"{corpus}: motifs ({bpe})", sum(row["length"] > 1 for row in motifs)))
    for lm in results.contents["lms"]:
        best = collect.read_json(results.root / "models" / "lms" / lm / "best.json")
        rows.append((f"{lm}: bits per second of speech", float(best["bits_per_second"])))
    rows += word_error_facts(results)
    rows += _rejections(collect.rejected(results))
    return [{"name": name, "value": value} for name, value in rows]


def _rejections(ledger: Iterable[Row]) -> List[Tuple[str, int]]:
    counts = {"rejected items": 0, "rejected pieces of transcribed utterances": 0, "filtered items": 0}
    items, pieces, filtered = counts
    for row in ledger:
        counts[filtered if row.get("filtered") else pieces if is_piece(row) else items] += 1
    return list(counts.items())


def _corpus_facts(results: Results, corpus: str) -> List[Tuple[str, Any]]:
    count, seconds, speech = 0, 0.0, 0.0
    for row in read_jsonl(results.merged(corpus, "manifest")):
        count += 1
        seconds += row["duration"]
        speech += row["duration"] * row["speech"]
    share = speech / seconds if seconds else None
    return [
        (f"{corpus}: utterances", count),
        (f"{corpus}: hours", seconds / 3600),
        (f"{corpus}: share of speech", share),
    ]
