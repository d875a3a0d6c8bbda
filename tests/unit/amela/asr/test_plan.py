"""Mirrors workflow/scripts/amela/asr/plan.py."""

import numpy as np
import pytest

from amela.asr import Transcript, Word
from amela.asr.plan import Plan
from amela.errors import Rejected
from amela.io.manifest import Utterance


def silence(part):
    return np.zeros(round(part.duration * 16_000), np.float32)


def plan(seconds, speech=None, max_seconds=40.0):
    return Plan(Utterance("u", "/u.flac", seconds), max_seconds, speech, silence)


def answered(one, *texts):
    """The plan, every piece answered, in the order of time, round by round."""
    texts = list(texts)
    while todo := one.todo():
        for piece in todo:
            one.note(piece, Transcript(texts.pop(0)))
    assert not texts
    return one


def test_a_short_utterance_is_one_piece_without_segments():
    assert answered(plan(3.0), "so it is").row("m@1") == {"id": "u", "text": "so it is", "model": "m@1"}


def test_pieces_are_joined_with_their_times():
    one = plan(70.0, [[0.0, 30.0], [32.0, 70.0]])
    first, second = one.todo()
    one.note(second, Transcript("is", [Word("is", 0.25, 0.5)]))
    one.note(first, Transcript("so it", [Word("so", 0.1, 0.2), Word("it", 1.0, 1.125)]))
    row = one.row("m")
    assert row["text"] == "so it is"
    assert row["words"] == [
        {"word": "so", "start": 0.1, "end": 0.2},
        {"word": "it", "start": 1.0, "end": 1.125},
        {"word": "is", "start": 31.25, "end": 31.5},
    ]
    assert row["segments"] == [
        {"start": 0.0, "end": 31.0, "text": "so it"}, {"start": 31.0, "end": 70.0, "text": "is"}
    ]  # fmt: skip


def test_a_long_piece_without_a_word_is_tried_in_parts():
    one = answered(plan(24.0), "", "so it", "is")
    assert one.row("m")["text"] == "so it is" and len(one.row("m")["segments"]) == 2


def test_what_is_never_understood_ends_empty_after_parts_of_ten_seconds_at_most():
    one = plan(39.0)
    asked = 0
    while todo := one.todo():
        asked += len(todo)
        for piece in todo:
            one.note(piece, Transcript(""))
    row = one.row("m")
    assert row["text"] == "" and 3 < asked < 20
    assert all(segment["end"] - segment["start"] <= 10.0 for segment in row["segments"])


def test_a_short_piece_without_a_word_is_not_asked_again():
    assert answered(plan(10.0), "").row("m") == {"id": "u", "text": "", "model": "m"}


def test_parts_in_which_nobody_speaks_are_not_asked():
    one = plan(100.0, [[1.0, 20.0], [90.0, 99.0]])
    assert [(piece.start / 16_000, piece.stop / 16_000) for piece in one.todo()] == [(0.0, 30.0), (60.0, 100.0)]
    assert answered(one, "well", "bye").row("m")["text"] == "well bye"


def finished(one, outcome):
    """The plan, every piece answered by ``outcome(piece)``."""
    while todo := one.todo():
        for piece in todo:
            one.note(piece, outcome(piece))
    return one


def test_a_piece_that_is_rejected_is_tried_in_parts_and_then_left_out():
    """A loop in a minute of something long costs ten seconds of it at most."""
    one = plan(70.0, [[0.0, 30.0], [31.0, 70.0]])
    row = finished(one, lambda piece: Rejected("no end") if piece.start < 16_000 * 3 else Transcript("so")).row("m")
    bad = [segment for segment in row["segments"] if "rejected" in segment]
    assert [(segment["text"], segment["rejected"]) for segment in bad] == [("", "no end")]
    assert bad[0]["end"] <= 10.0 and set(row["text"].split()) == {"so"}


@pytest.mark.parametrize("seconds", [3.0, 24.0, 70.0])
def test_an_utterance_of_which_every_piece_is_rejected_is_rejected(seconds):
    with pytest.raises(Rejected, match="no end"):
        finished(plan(seconds), lambda piece: Rejected("no end")).row("m")


def test_audio_that_is_gone_when_it_is_cut_again_rejects_and_ends_nothing():
    def gone(part):
        raise Rejected("no such file")

    one = Plan(Utterance("u", "/u.flac", 20.0), 40.0, None, gone)
    with pytest.raises(Rejected, match="no such file"):
        finished(one, lambda piece: Transcript("")).row("m")


def test_where_the_detector_found_nothing_at_all_everything_is_asked():
    one = plan(50.0, [])
    assert len(one.todo()) == 2
    assert finished(one, lambda piece: Transcript("oh")).row("m")["text"] == "oh oh"


def test_pieces_that_were_not_asked_make_no_times_of_words():
    row = answered(plan(100.0, [[1.0, 20.0], [90.0, 99.0]]), "well", "bye").row("m")
    assert "words" not in row and [segment["text"] for segment in row["segments"]] == ["well", "", "bye"]


@pytest.mark.parametrize(("seconds", "rejected"), [(0.0, True), (0.0999, True), (0.1, False)])
def test_the_shortest(seconds, rejected):
    if rejected:
        with pytest.raises(Rejected, match="too short"):
            plan(seconds)
    else:
        assert plan(seconds).todo()


def test_more_words_than_anybody_can_say_are_rejected():
    assert answered(plan(2.0), "a " * 20).row("m")["text"]
    with pytest.raises(Rejected, match=r"^more than 10 words a second: a hallucination — 21 in 2\.0 s: 'a a a .*'$"):
        answered(plan(2.0), "a " * 21).row("m")


def test_so_do_more_words_in_one_piece_of_something_long():
    one = plan(70.0, [[0.0, 30.0], [32.0, 70.0]])
    row = finished(one, lambda piece: Transcript("a " * 400 if piece.start == 0 else "b")).row("m")
    assert "a" not in row["text"].split() and "400 in " in row["segments"][0]["rejected"]
