"""Mirrors workflow/scripts/amela/asr/stream.py."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amela.asr import Transcript, Word
from amela.asr.stream import LEAST_SECONDS, Stream, longest_first
from amela.errors import AmelaError, DeviceFull, Rejected
from amela.io.journal import Journal
from amela.io.manifest import Utterance


class Counting:
    """Understands how many samples there are; notes its batches, has room for so many pieces."""

    model, device, max_seconds, batch_seconds = "counting", "cpu", 40.0, 0.0

    def __init__(self, room=100, stops_at=None):
        self.batches, self.room, self.stops_at = [], room, stops_at

    def transcribe(self, batch):
        if len(self.batches) == self.stops_at:
            raise KeyboardInterrupt
        if len(batch) > self.room:
            raise DeviceFull("full")
        self.batches.append([len(samples_N) for samples_N in batch])
        return [Transcript(str(len(samples_N)), [Word("n", 0.0, 0.5)]) for samples_N in batch]


def load(piece):
    if piece.id == "bad":
        raise Rejected("broken")
    return np.full(round(piece.duration * 16_000), np.nan if piece.id == "nan" else 0.5, np.float32)


def pieces(*seconds):
    return [Utterance(f"u{number}", "/u.flac", each) for number, each in enumerate(seconds)]


def run(path, recogniser, todo, batch_seconds=0.0):
    with Journal(path, {}) as journal:
        return Stream(recogniser, load, journal, batch_seconds).run("0", todo)


@given(st.lists(st.floats(0.1, 40.0), max_size=50), st.floats(1, 700))
def test_batches_hold_everything_once_under_the_budget_longest_first(seconds, budget):
    batches = longest_first(seconds, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(seconds)))
    lengths = [[seconds[index] for index in batch] for batch in batches]
    assert all(len(each) * max(LEAST_SECONDS, *each) <= budget for each in lengths if len(each) > 1)
    heads = [max(LEAST_SECONDS, each[0]) for each in lengths]
    assert heads == sorted(heads, reverse=True)


def test_without_a_budget_pieces_come_one_by_one_in_their_order():
    assert longest_first([1.0, 9.0, 2.0], 0) == [[0], [1], [2]]


def test_outcomes_are_in_the_order_of_the_pieces(tmp_path):
    recogniser = Counting()
    outcomes = run(tmp_path / "out", recogniser, pieces(1.0, 4.0, 2.0, 3.0), 8.0)
    assert [outcome.text for outcome in outcomes] == ["16000", "64000", "32000", "48000"]
    assert recogniser.batches == [[64_000, 48_000], [32_000, 16_000]]
    assert outcomes[0].words == [Word("n", 0.0, 0.5)]


def test_a_bad_file_costs_only_itself(tmp_path):
    recogniser = Counting()
    todo = [
        Utterance("a", "/a", 1.0),
        Utterance("bad", "/b", 1.5),
        Utterance("nan", "/c", 1.2),
        Utterance("d", "/d", 2),
    ]
    a, bad, nan, d = run(tmp_path / "out", recogniser, todo, 60.0)
    assert (a.text, d.text) == ("16000", "32000") and recogniser.batches == [[32_000, 16_000]]
    assert (str(bad), str(nan)) == ("broken", "samples that are not finite")


def test_a_batch_of_bad_files_asks_nothing(tmp_path):
    recogniser = Counting()
    assert isinstance(run(tmp_path / "out", recogniser, [Utterance("bad", "/b", 1.0)])[0], Rejected)
    assert recogniser.batches == []


@pytest.mark.parametrize("room", [1, 2, 3])
def test_a_full_device_gets_halves(tmp_path, room):
    recogniser = Counting(room)
    todo = pieces(1.0, 4.0, 2.0, 3.0, 5.0)
    assert run(tmp_path / "out", recogniser, todo, 100.0) == run(tmp_path / "other", Counting(), todo, 100.0)
    assert max(map(len, recogniser.batches)) <= room


def test_a_piece_that_never_fits_ends_the_job_with_advice(tmp_path):
    with pytest.raises(AmelaError, match="one item alone is too much.*max_seconds"):
        run(tmp_path / "out", Counting(room=0), pieces(1.0), 10.0)


@pytest.mark.parametrize("stops_at", range(3))
def test_interrupted_and_started_again_makes_the_same_batches_and_asks_nothing_twice(tmp_path, stops_at):
    todo = pieces(1.0, 4.0, 2.0, 3.0, 5.0, 0.5)
    whole = Counting()
    expected = run(tmp_path / "whole", whole, todo, 8.0)
    first, second = Counting(stops_at=stops_at), Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out", first, todo, 8.0)
    assert run(tmp_path / "out", second, todo, 8.0) == expected
    assert first.batches + second.batches == whole.batches


def test_what_the_journal_has_of_other_pieces_is_not_taken_for_these(tmp_path):
    """A file that could not be read when it had to be cut comes back."""
    run(tmp_path / "out", Counting(), pieces(1.0, 4.0))
    other = [Utterance("back", "/b.flac", 2.0), *pieces(1.0, 4.0)]
    recogniser = Counting()
    outcomes = run(tmp_path / "out", recogniser, other)
    assert [outcome.text for outcome in outcomes] == ["32000", "16000", "64000"]


def test_a_recogniser_that_answers_too_little_is_a_bug(tmp_path):
    class Mute(Counting):
        def transcribe(self, batch):
            return super().transcribe(batch)[1:]

    with pytest.raises(RuntimeError, match="1 outcomes of 2 pieces"):
        run(tmp_path / "out", Mute(), pieces(1.0, 1.0), 60.0)


def test_rounds_do_not_meet_in_the_journal(tmp_path):
    with Journal(tmp_path / "out", {}) as journal:
        stream = Stream(Counting(), load, journal)
        assert [stream.run(name, pieces(seconds))[0].text for name, seconds in (("0", 1.0), ("1", 2.0))] == [
            "16000", "32000"
        ]  # fmt: skip


def test_audio_is_decoded_while_the_recogniser_works(tmp_path):
    """The first batch ends only when the audio of the second has been asked for."""
    asked = threading.Event()

    class Waiting(Counting):
        def transcribe(self, batch):
            assert asked.wait(20)
            return super().transcribe(batch)

    def loading(piece):
        if piece.id == "u1":
            asked.set()
        return load(piece)

    with Journal(tmp_path / "out", {}) as journal:
        assert len(Stream(Waiting(), loading, journal).run("0", pieces(1.0, 1.0))) == 2


def test_time_is_the_recogniser_s_or_that_of_who_reads(tmp_path, monkeypatch):
    class Clock:
        now, read = 0.0, threading.Event()

        def perf_counter(self):
            self.read.set()
            return self.now

    clock = Clock()
    monkeypatch.setattr("amela.asr.stream.time", clock)

    class Slow(Counting):
        def transcribe(self, batch):
            clock.now += 2.0
            return super().transcribe(batch)

    def loading(piece):
        assert clock.read.wait(20)  # the recogniser is ready, and waits
        clock.now += 5.0
        return load(piece)

    with Journal(tmp_path / "out", {}) as journal:
        stream = Stream(Slow(), loading, journal)
        stream.run("0", pieces(1.0))
    assert (stream.waited, stream.worked) == (5.0, 2.0)
