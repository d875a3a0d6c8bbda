import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amela.audio.pieces import Curve, Limits, lowest_point, make_pieces, pack, pad, split

FLAT = Curve(np.zeros(10_000), 10)


def intervals(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


PAUSES = st.one_of(st.integers(1, 200), st.integers(1, 3_000))
PHRASES = st.one_of(st.integers(1, 200), st.integers(1, 9_000))


@st.composite
def recordings(draw):
    """Speech, length of the recording, curve, limits."""
    steps = draw(st.lists(st.tuples(PAUSES, PHRASES), max_size=10))
    edges = np.cumsum([value for step in steps for value in step])
    speech_N2 = edges.astype(np.int64).reshape(-1, 2)
    length = int(edges[-1]) + draw(st.integers(0, 400)) if len(edges) else 100
    hop = draw(st.sampled_from([10, 16, 30, 32]))
    values_T = np.random.default_rng(draw(st.integers(0, 99))).random(-(-length // hop))
    longest = draw(st.integers(200, 6_000))
    shortest = draw(st.integers(0, longest))
    limits = Limits(draw(st.integers(0, 300)), shortest, longest, draw(st.integers(0, 2_000)))
    return speech_N2, length, Curve(values_T, hop), limits


def covered(pieces_N2, length):
    mask = np.zeros(length, int)
    for start, end in pieces_N2:
        mask[start:end] += 1
    return mask


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(recordings())
def test_pieces_are_disjoint_within_limits_and_lose_no_speech(recording):
    speech_N2, length, curve, limits = recording
    kept, dropped = make_pieces(speech_N2, length, curve, limits)
    for pieces in (kept, dropped):
        assert (np.diff(pieces.reshape(-1)) >= 0).all()
        assert ((pieces >= 0) & (pieces <= length)).all()
        assert (pieces[:, 1] > pieces[:, 0]).all()
    durations = kept[:, 1] - kept[:, 0]
    assert ((durations >= limits.min_duration) & (durations <= limits.max_duration)).all()
    assert (dropped[:, 1] - dropped[:, 0] < limits.min_duration).all()
    both = covered(kept, length) + covered(dropped, length)
    assert both.max(initial=0) <= 1
    assert (both >= covered(speech_N2, length)).all()


def pack_slowly(pieces, gaps, limits):
    """Join the allowed pair with the smallest gap until no pair is allowed."""
    pieces, gaps = [list(piece) for piece in pieces.tolist()], list(gaps)
    while True:
        allowed = [
            (gap, i)
            for i, gap in enumerate(gaps)
            if gap <= limits.max_gap
            and min(pieces[i][1] - pieces[i][0], pieces[i + 1][1] - pieces[i + 1][0]) < limits.min_duration
            and pieces[i + 1][1] - pieces[i][0] <= limits.max_duration
        ]
        if not allowed:
            return pieces
        _, i = min(allowed)
        pieces[i][1] = pieces[i + 1][1]
        del pieces[i + 1], gaps[i]


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(recordings())
def test_packing_in_one_pass_equals_packing_step_by_step(recording):
    pieces_N2, _, _, limits = recording
    gaps = pieces_N2[1:, 0] - pieces_N2[:-1, 1]
    assert pack(pieces_N2, gaps, limits).tolist() == pack_slowly(pieces_N2, gaps, limits)


def test_a_short_piece_joins_the_nearer_neighbour():
    pieces_N2 = intervals((0, 5_000), (5_900, 6_400), (6_900, 9_000))
    packed = pack(pieces_N2, np.array([900, 500]), Limits(0, 2_000, 30_000, 1_000))
    assert packed.tolist() == [[0, 5_000], [5_900, 9_000]]


def test_a_short_piece_joins_the_farther_neighbour_where_the_nearer_would_be_too_long():
    pieces_N2 = intervals((0, 5_000), (5_900, 6_400), (6_900, 9_900))
    packed = pack(pieces_N2, np.array([100, 500]), Limits(0, 2_000, 6_000, 1_000))
    assert packed.tolist() == [[0, 5_000], [5_900, 9_900]]


def test_short_pieces_form_chains():
    pieces_N2 = intervals((0, 100), (200, 300), (500, 600), (650, 750))
    packed = pack(pieces_N2, np.array([100, 200, 50]), Limits(0, 1_000, 30_000, 1_000))
    assert packed.tolist() == [[0, 750]]


def test_max_gap_is_the_pause_in_the_recording_whatever_the_padding():
    speech_N2 = intervals((1_000, 2_000), (3_001, 4_001))
    for padding in (0, 200):
        limits = Limits(padding, 1_500, 30_000, 1_000)
        assert len(make_pieces(speech_N2, 6_000, FLAT, limits)[0]) == 0
        assert len(make_pieces(speech_N2, 6_000, FLAT, Limits(padding, 1_500, 30_000, 1_001))[0]) == 1


def test_pads_within_the_recording_and_to_the_middle_of_a_short_pause():
    padded = pad(intervals((50, 400), (550, 900), (1_200, 1_950)), 2_000, 100)
    assert padded.tolist() == [[0, 475], [475, 1_000], [1_100, 2_000]]


def test_splits_in_the_pause():
    values_T = np.ones(4_500)
    values_T[2_100:2_140] = 0.0  # 21.0 to 21.4 s
    values_T[2_500:2_505] = 0.0  # 50 ms: the closure of a stop
    parts, parents = split(intervals((0, 45_000)), Curve(values_T, 10), 2_000, 30_000)
    (_, first_cut), (second, end) = parts.tolist()
    assert first_cut == second
    assert 21_000 <= first_cut <= 21_400
    assert end == 45_000
    assert parents.tolist() == [0, 0]


def test_splits_a_flat_curve_into_the_longest_pieces():
    parts, _ = split(intervals((0, 100_000)), FLAT, 2_000, 30_000)
    assert parts.tolist() == [[0, 30_000], [30_000, 60_000], [60_000, 90_000], [90_000, 100_000]]


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(recordings())
def test_parts_are_no_shorter_than_need_be(recording):
    pieces_N2, _, curve, limits = recording
    parts, parents = split(pieces_N2, curve, limits.min_duration, limits.max_duration)
    assert np.array_equal(np.unique(parents), np.arange(len(pieces_N2)))
    for parent, (start, end) in enumerate(pieces_N2.tolist()):
        own = parts[parents == parent]
        assert own[0, 0] == start
        assert own[-1, 1] == end
        assert np.array_equal(own[1:, 0], own[:-1, 1])
        shortest = max(limits.min_duration, limits.max_duration // 4)
        durations = own[:, 1] - own[:, 0]
        assert (durations[:-1] >= shortest).all()
        if len(own) > 1 and 2 * shortest <= limits.max_duration:
            assert durations[-1] >= shortest


def test_a_split_that_must_leave_a_short_piece_leaves_one():
    parts, _ = split(intervals((0, 35_000)), FLAT, 20_000, 30_000)
    assert parts.tolist() == [[0, 30_000], [30_000, 35_000]]


def test_lowest_point_between_two_frames_is_the_middle():
    assert lowest_point(FLAT, 101, 107) == 104


@pytest.mark.parametrize("hop", [10, 32])
def test_lowest_point_of_a_valley_is_its_middle(hop):
    centre = 5_120
    times = (np.arange(2_000) + 0.5) * hop
    assert lowest_point(Curve(np.abs(times - centre), hop), 1_000, 9_000) == centre


def test_nothing_gives_nothing():
    kept, dropped = make_pieces(intervals(), 1_000, FLAT, Limits(100, 2_000, 30_000, 1_000))
    assert kept.shape == dropped.shape == (0, 2)
