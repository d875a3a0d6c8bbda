"""Mirrors workflow/scripts/amela/asr/transcripts.py."""

import numpy as np
import pytest

from amela.asr import Transcript, Word
from amela.asr.stream import Stream
from amela.asr.transcripts import has_text, transcribe_all, with_kept
from amela.audio.load import load_utterance
from amela.audio.save import save_audio
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance


class Counting:
    """Understands how many samples there are, nothing in 4,003; may be interrupted before its n-th batch."""

    model, device, max_seconds, batch_seconds = "counting@1", "cpu", 40.0, 0.0

    def __init__(self, stops_at=None, batch_seconds=0.0):
        self.asked, self.stops_at, self.batch_seconds = 0, stops_at, batch_seconds

    def transcribe(self, batch):
        if self.asked == self.stops_at:
            raise KeyboardInterrupt
        self.asked += 1
        return [self._understood(len(samples_N)) for samples_N in batch]

    def _understood(self, n_samples):
        words = [] if n_samples == 4_003 else [Word(str(n_samples), 0.0, 0.1), Word("samples", 0.1, 0.2)]
        return Transcript(" ".join(word.word for word in words), words)


@pytest.fixture
def utterances(tmp_path):
    """Six; the third has no file, nothing is understood in the fourth, the last is too short."""
    made = [Utterance(f"u{i}", str(tmp_path / f"{i}.flac"), (4_000 + i) / 16_000) for i in range(5)]
    for i in (0, 1, 3, 4):
        save_audio(tmp_path / f"{i}.flac", np.zeros(4_000 + i))
    return [*made, Utterance("u5", str(tmp_path / "4.flac"), 0.09)]


def transcribe(path, utterances, recogniser, **options):
    ledger = Ledger("asr")
    with Journal(path, {}) as journal:
        rows = list(transcribe_all(utterances, Stream(recogniser, load_utterance, journal), ledger, **options))
        journal.remove()
    return rows, ledger.rows


@pytest.mark.parametrize("batch_seconds", [0.0, 1.0, 60.0])
def test_rows_in_order_and_the_others_in_the_ledger(tmp_path, utterances, batch_seconds):
    rows, rejected = transcribe(tmp_path / "out", utterances, Counting(batch_seconds=batch_seconds))
    assert [(row["id"], row["text"]) for row in rows] == [
        ("u0", "4000 samples"), ("u1", "4001 samples"), ("u3", ""), ("u4", "4004 samples")
    ]  # fmt: skip
    assert rows[0]["words"][1] == {"word": "samples", "start": 0.1, "end": 0.2} and rows[2]["words"] == []
    assert {row["model"] for row in rows} == {"counting@1"}
    reasons = {row["id"]: row["reason"] for row in rejected}
    assert set(reasons) == {"u2", "u5"} and "no such file" in reasons["u2"] and "too short" in reasons["u5"]


@pytest.mark.parametrize("stops_at", range(4))
def test_interrupted_and_started_again_is_the_same_and_asks_nothing_twice(tmp_path, utterances, stops_at):
    expected = transcribe(tmp_path / "whole", utterances, Counting())
    first, second = Counting(stops_at), Counting()
    with pytest.raises(KeyboardInterrupt):
        transcribe(tmp_path / "out", utterances, first)
    assert transcribe(tmp_path / "out", utterances, second) == expected
    assert (first.asked, second.asked) == (stops_at, 4 - stops_at)


def test_texts_that_are_kept_stand_in_their_places_and_rejected_ones_stand_nowhere():
    given = [Utterance(f"u{number}", "/u.flac", 1.0, text=text) for number, text in enumerate(("kept", None, " ", "x"))]
    assert [has_text(utterance) for utterance in given] == [True, False, False, True]
    row = {"id": "u2", "text": "heard", "model": "m"}
    assert list(with_kept(given, given[1:3], [row])) == [
        {"id": "u0", "text": "kept", "model": None}, row, {"id": "u3", "text": "x", "model": None}
    ]  # fmt: skip
    assert list(with_kept(given, given, [])) == []


def test_long_utterances_are_cut_where_the_detector_found_pauses(tmp_path):
    save_audio(tmp_path / "long.flac", np.zeros(70 * 16_000))
    given = [Utterance("u", str(tmp_path / "long.flac"), 70.0)]
    [row], _ = transcribe(tmp_path / "out", given, Counting(), speech={"u": [[0.0, 25.0], [27.0, 70.0]]})
    assert [segment["end"] for segment in row["segments"]] == [26.0, 46.1, 70.0]
    assert [word["start"] for word in row["words"][::2]] == [0.0, 26.0, 46.1]


def test_a_piece_that_is_rejected_is_a_row_of_the_ledger_beside_the_transcript(tmp_path):
    class Looping(Counting):
        def _understood(self, n_samples):
            return Transcript("and " * 500) if n_samples >= 8 * 16_000 else super()._understood(n_samples)

    save_audio(tmp_path / "long.flac", np.zeros(50 * 16_000))
    given = [Utterance("u", str(tmp_path / "long.flac"), 50.0)]
    speech = {"u": [[0.0, 30.5], [31.5, 50.0]]}
    [row], rejected = transcribe(tmp_path / "out", given, Looping(), speech=speech)
    assert "and" not in row["text"].split() and "samples" in row["text"].split()
    lost = [segment for segment in row["segments"] if "rejected" in segment]
    assert len(lost) == 2
    assert rejected == [
        {"id": "u", "stage": "asr", "reason": each["rejected"], "start": each["start"], "end": each["end"]}
        for each in lost
    ]


def test_an_empty_shard(tmp_path):
    assert transcribe(tmp_path / "out", [], Counting()) == ([], [])
