"""Shards of about the same size."""

import random

import pytest

from amela.corpus.shards import assign_shards


@pytest.mark.parametrize("n_shards", [1, 2, 7, 200])
def test_loads_differ_by_no_more_than_the_heaviest_item(n_shards):
    generator = random.Random(0)
    weights = sorted((generator.lognormvariate(1.5, 1.0) for _ in range(500)), reverse=True)
    shards = dict(assign_shards(enumerate(weights), n_shards))
    loads = [sum(weights[key] for key, shard in shards.items() if shard == number) for number in range(n_shards)]
    assert max(loads) - min(loads) <= max(weights) + 1e-9
    assert set(shards.values()) == set(range(n_shards)) and list(shards) == list(range(500))


def test_longest_first_onto_the_lightest():
    weights = [3.0, 3.0, 2.0, 2.0, 2.0]
    assert [shard for _, shard in assign_shards(zip("abcde", weights), 2)] == [0, 1, 0, 1, 0]  # by hand
    assert list(assign_shards([], 3)) == []


def test_items_are_taken_one_by_one():
    endless = iter(lambda: ("x", 1.0), None)
    shards = assign_shards(endless, 3)
    assert [next(shards) for _ in range(4)] == [("x", 0), ("x", 1), ("x", 2), ("x", 0)]
