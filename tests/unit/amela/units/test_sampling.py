"""Mirrors workflow/scripts/amela/units/sampling.py."""

import random

import pytest

from amela.io.manifest import Utterance
from amela.units.sampling import prefix_length, sampling_order, sampling_rank


def utterances(n):
    return [Utterance(id=f"speaker/{i}", audio_filepath="/x.wav", duration=1.0) for i in range(n)]


def test_the_rank_never_changes():
    # Pinned: another rank is another sample, and so another codebook from the same configuration.
    assert sampling_rank("anna/day1/00012340-00015600") == 13546211368168338773
    assert sampling_rank("ünïcode ’ \udcff") < 2**64


def test_the_order_depends_on_ids_alone():
    ordered = sampling_order(utterances(200))
    shuffled = utterances(200)
    random.Random(1).shuffle(shuffled)
    assert sampling_order(shuffled) == ordered
    assert ordered != utterances(200)


def test_a_subset_keeps_the_order():
    ordered = [u.id for u in sampling_order(utterances(100))]
    assert [u.id for u in sampling_order(utterances(50))] == [i for i in ordered if int(i.split("/")[1]) < 50]


@pytest.mark.parametrize("hours, taken", [(0, 0), (1e-9, 1), (1, 1), (1.001, 2), (2.99, 3), (3, 3), (99, 3)])
def test_prefix_reaches_the_hours(hours, taken):
    assert prefix_length([3_600.0, 3_600.0, 3_600.0], hours) == taken


def test_prefix_of_nothing():
    assert prefix_length([], 1) == 0
