"""Mirrors workflow/scripts/amela/asr/transcripts.py."""

import numpy as np
import pytest

from amela.asr import Word
from amela.asr.transcripts import transcribe_all
from amela.audio.save import save_audio
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance


class Counting:
    """Understands how many samples there are; may be interrupted before its n-th utterance."""

    def __init__(self, stops_at=None):
        self.asked, self.stops_at = 0, stops_at

    def transcribe(self, samples_N):
        if self.asked == self.stops_at:
            raise KeyboardInterrupt
        self.asked += 1
        return [Word(str(len(samples_N)), 0.0, 0.1), Word("samples", 0.1, 0.2)] if len(samples_N) != 1_003 else []


@pytest.fixture
def utterances(tmp_path):
    """Five; the third has no file, and nothing is understood in the fourth."""
    made = [Utterance(f"u{i}", str(tmp_path / f"{i}.flac"), (1_000 + i) / 16_000) for i in range(5)]
    for i in (0, 1, 3, 4):
        save_audio(tmp_path / f"{i}.flac", np.zeros(1_000 + i))
    return made


def transcribe(path, utterances, recogniser):
    ledger = Ledger("asr")
    with Journal(path, {}) as journal:
        rows = list(transcribe_all(utterances, recogniser, ledger, journal))
        journal.remove()
    return rows, ledger.rows


def test_rows_in_order_and_a_missing_file_in_the_ledger(tmp_path, utterances):
    rows, rejected = transcribe(tmp_path / "out", utterances, Counting())
    assert [(row["id"], row["text"]) for row in rows] == [
        ("u0", "1000 samples"), ("u1", "1001 samples"), ("u3", ""), ("u4", "1004 samples")
    ]  # fmt: skip
    assert rows[0]["words"][1] == {"word": "samples", "start": 0.1, "end": 0.2} and rows[2]["words"] == []
    assert [row["id"] for row in rejected] == ["u2"] and "no such file" in rejected[0]["reason"]


@pytest.mark.parametrize("stops_at", range(4))
def test_interrupted_and_started_again_is_the_same_and_asks_nothing_twice(tmp_path, utterances, stops_at):
    expected = transcribe(tmp_path / "whole", utterances, Counting())
    first, second = Counting(stops_at), Counting()
    with pytest.raises(KeyboardInterrupt):
        transcribe(tmp_path / "out", utterances, first)
    assert transcribe(tmp_path / "out", utterances, second) == expected
    assert (first.asked, second.asked) == (stops_at, 4 - stops_at)
