"""Audio inside the page: players need no file beside it."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Dict, List

import soundfile

from amela.io.jsonl import read_jsonl
from amela.io.manifest import Utterance, utterance_from_row
from amela.report.collect import Results, Row, motif_rows, occurrences, rows_by_id

CONTEXT = 0.15  # s of audio kept on each side of a motif, so that the ear can place it
OCCURRENCES = 3  # of each motif


def player(utterance: Utterance, start: float = 0.0, end: float = float("inf")) -> str:
    """``data:`` address of FLAC audio from ``start`` to ``end`` seconds of the utterance."""
    with soundfile.SoundFile(os.fsencode(utterance.audio_path)) as source:
        rate = source.samplerate
        first = round((utterance.offset + max(0.0, start)) * rate)
        last = round((utterance.offset + min(utterance.duration, end)) * rate)
        source.seek(first)
        samples = source.read(max(0, last - first), dtype="int16")
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def spread(path: Path, count: int) -> List[Row]:
    """``count`` rows of a JSON Lines table, evenly spaced, so that they come from the whole corpus."""
    total = sum(1 for _ in read_jsonl(path))
    count = min(count, total)
    wanted = {(2 * index + 1) * total // (2 * count) for index in range(count)}
    return [row for index, row in enumerate(read_jsonl(path)) if index in wanted]


def spoken_examples(results: Results, corpus: str, count: int) -> List[Row]:
    """Natural speech, its resynthesis by each vocoder, and what was understood of each."""
    vocoders = results.contents["vocoders"]
    # of what went all the way: these can be read
    listed = [f"resynth-{name}" for name in vocoders] + [f"asr-{name}-natural" for name in results.contents["asrs"]]
    ids = [row["id"] for table in listed[:1] for row in spread(results.merged(corpus, table), count)]
    tables = {"natural": "manifest", **{vocoder: f"resynth-{vocoder}" for vocoder in vocoders}}
    rows = {voice: rows_by_id(results.merged(corpus, table), ids) for voice, table in tables.items()}
    heard = {voice: _transcripts(results, corpus, voice, ids) for voice in tables}
    return [
        {
            "id": utterance,
            "text": rows["natural"][utterance].get("text"),
            "speaker": rows["natural"][utterance].get("speaker"),
            "players": [
                {
                    "voice": voice,
                    "audio": player(utterance_from_row(rows[voice][utterance], utterance)),
                    "heard": heard[voice].get(utterance),
                }
                for voice in tables
                if utterance in rows[voice]
            ],
        }
        for utterance in ids
    ]


def _transcripts(results: Results, corpus: str, voice: str, ids: List[str]) -> Dict[str, str]:
    """Utterance id → what the first recogniser understood; not texts that were kept, which nobody heard."""
    for asr in results.contents["asrs"][:1]:
        found = rows_by_id(results.merged(corpus, f"asr-{asr}-{voice}"), ids)
        return {utterance: row["text"] for utterance, row in found.items() if row["model"] is not None}
    return {}


def motif_examples(results: Results, corpus: str, bpe: str, count: int) -> List[Row]:
    """The motifs that span most speech in all, with some of their occurrences to listen to."""
    rows = [row for row in motif_rows(results, corpus, bpe) if row["length"] > 1 and row["count"] > 1]
    rows = sorted(rows, key=lambda row: (-row["count"] * row["mean_duration"], row["motif"]))[:count]
    hits = {row["motif"]: occurrences(results, corpus, bpe, row["motif"], OCCURRENCES) for row in rows}
    ids = {hit["id"] for found in hits.values() for hit in found}
    audio = rows_by_id(results.merged(corpus, "manifest"), ids)
    for row in rows:
        row["players"] = [
            {
                "id": hit["id"],
                "start": hit["start"],
                "audio": player(
                    utterance_from_row(audio[hit["id"]], hit["id"]), hit["start"] - CONTEXT, hit["end"] + CONTEXT
                ),
            }
            for hit in hits[row["motif"]]
        ]
    return rows
