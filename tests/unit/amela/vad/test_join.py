import pytest

from amela.errors import DataError
from amela.io.manifest import Utterance
from amela.vad.join import joined, reason_to_leave_out, rejected_ids, with_speech

A, B, C = (Utterance(id=name, audio_filepath=f"/{name}.flac", duration=2.0) for name in "abc")
OPEN = {"min_duration": 0.0, "max_duration": None, "min_speech": 0.0}


def test_order_is_that_of_the_utterances_and_rejected_ones_are_left_out():
    assert list(joined([C, A, B], {"a": 1, "c": 3}, {"b"}, "v")) == [(C, 3), (A, 1)]


@pytest.mark.parametrize(
    ("values", "rejected", "message"),
    [
        ({"a": 1}, set(), "'b' has neither"),
        ({"a": 1, "b": 2}, {"b"}, "'b' has both"),
        ({"a": 1, "b": 2, "x": 3}, set(), "first 'x'"),
    ],
)
def test_nothing_is_lost_without_a_word(values, rejected, message):
    with pytest.raises(DataError, match=message):
        list(joined([A, B], values, rejected, "v.jsonl"))


def test_rejected_ids_of_several_ledgers(tmp_path):
    (tmp_path / "one").write_text('{"id": "a"}\n{"id": "b"}\n')
    (tmp_path / "two").write_text("")
    assert rejected_ids([tmp_path / "one", tmp_path / "two"]) == {"a", "b"}


def test_speech_is_a_share_beside_whatever_the_row_had():
    row = with_speech(Utterance(id="a", audio_filepath="/a", duration=4.0, metadata={"age": 3}), [[0, 1], [2, 2.5]])
    assert row.metadata == {"age": 3, "speech": 0.375}


@pytest.mark.parametrize(
    ("duration", "share", "limits", "reason"),
    [
        (0.02, 0.0, {"min_duration": 0.1}, "duration 0.02 s is below min_duration 0.1 s"),
        (0.1, 0.0, {"min_duration": 0.1}, None),
        (31.0, 1.0, {"max_duration": 30.0}, "duration 31 s is above max_duration 30 s"),
        (30.0, 1.0, {"max_duration": 30.0}, None),
        (2.0, 0.25, {"min_speech": 0.3}, "speech 0.25 is below min_speech 0.3"),
        (2.0, 0.3, {"min_speech": 0.3}, None),
        (2.0, 0.0, {}, None),
    ],
)
def test_limits(duration, share, limits, reason):
    utterance = Utterance(id="a", audio_filepath="/a", duration=duration, metadata={"speech": share})
    assert reason_to_leave_out(utterance, {**OPEN, **limits}) == reason
