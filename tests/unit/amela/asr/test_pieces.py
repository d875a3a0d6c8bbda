"""Mirrors workflow/scripts/amela/asr/pieces.py."""

import numpy as np
import pytest

from amela.asr.pieces import Piece, cut, quietest, whole
from amela.audio import SAMPLE_RATE
from amela.errors import Rejected
from amela.io.manifest import Utterance

RATE = SAMPLE_RATE


def noise(n_samples):
    return np.random.default_rng(0).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def pieces(samples_N, max_seconds, speech=None, offset=0.0):
    """Pieces of an utterance with these samples, ``offset`` seconds into its file."""
    utterance = Utterance("u", "/u.flac", len(samples_N) / RATE, offset)

    def load(part):
        start = round((part.offset - offset) * RATE)
        return samples_N[start : start + round(part.duration * RATE)]

    return cut(whole(utterance), max_seconds, utterance, speech, load)


@pytest.mark.parametrize("n_samples", [0, 1, 31_999, 32_000])
def test_what_is_short_enough_stays_whole_and_is_not_read(n_samples):
    utterance = Utterance("u", "/u.flac", n_samples / RATE)
    assert cut(whole(utterance), 2.0, utterance, None, None) == [(0, n_samples)]


@pytest.mark.parametrize("speech", [None, [], [[0.0, 40.0]], [[0.2, 0.9], [1.3, 1.31], [2.0, 5.5]]])
@pytest.mark.parametrize("n_samples", [32_001, 100_003, 400_000])
def test_pieces_cover_everything_and_none_is_too_long(n_samples, speech):
    found = pieces(noise(n_samples), 2.0, speech, offset=3.25)
    assert found[0].start == 0 and found[-1].stop == n_samples
    assert all(before.stop == after.start for before, after in zip(found, found[1:]))
    assert all(8_000 <= piece.stop - piece.start <= 32_000 for piece in found)


def test_the_cut_is_in_the_middle_of_the_longest_pause_of_the_second_half_and_no_audio_is_read():
    speech = [[0.5, 1.1], [1.3, 1.6], [1.9, 2.6]]
    utterance = Utterance("u", "/u.flac", 2.6)
    assert [piece.stop for piece in cut(whole(utterance), 2.0, utterance, speech, None)] == [28_000, 41_600]


def test_a_pause_at_the_end_leaves_no_piece_of_milliseconds():
    found = pieces(noise(640_320), 40.0, [[0.0, 39.98], [40.0, 40.02]])
    assert len(found) == 2 and all(piece.seconds >= 0.5 for piece in found)


def test_without_a_pause_the_quietest_point_of_the_second_half_is_cut():
    samples = noise(40_000)
    samples[8_000:12_000] = 0  # in the first half: no cut there
    samples[20_000:24_800] *= 0.01
    for speech in (None, [[0.0, 2.5]]):
        assert pieces(samples, 2.0, speech)[0].stop == pytest.approx(22_400, abs=800)


def test_silence_is_cut_too():
    assert pieces(np.zeros(56_000, np.float32), 2.0) == [(0, 17_600), (17_600, 33_600), (33_600, 56_000)]


def test_quietest_of_next_to_nothing_is_the_end():
    assert [quietest(noise(n_samples)) for n_samples in (0, 1, 3_199)] == [0, 1, 3_199]


def test_audio_that_cannot_be_read_where_it_must_be_looked_at_rejects():
    utterance = Utterance("u", "/nowhere.flac", 9.0)

    def load(_):
        raise Rejected("no such file")

    with pytest.raises(Rejected, match="no such file"):
        cut(whole(utterance), 2.0, utterance, None, load)


def test_a_piece_is_a_part_of_its_utterance():
    part = Piece(16_000, 40_000).of(Utterance("u", "/u.flac", 9.0, 100.0, speaker="s"))
    assert (part.id, part.offset, part.duration, part.speaker) == ("u", 101.0, 1.5, "s")


@pytest.mark.parametrize(
    ("speech", "expected"),
    [(None, True), ([], False), ([[0.0, 1.0]], False), ([[0.0, 1.1]], True), ([[1.9, 3.0]], True), ([[2, 3]], False)],
)
def test_a_piece_has_the_speech_that_overlaps_it(speech, expected):
    assert Piece(16_000, 32_000).has_speech(speech) is expected
