"""Shards of about the same size."""

import random

import pytest

from amela.corpus.shards import assign_shards


@pytest.mark.parametrize("n_shards", [1, 2, 7, 200])
def test_loads_differ_by_no_more_than_the_heaviest_item(n_shards):
    generator = random.Random(0)
    weights = [generator.lognormvariate(1.5, 1.0) for _ in range(500)]
    shards = assign_shards(weights, [str(i) for i in range(500)], n_shards)
    loads = [sum(weight for weight, shard in zip(weights, shards) if shard == number) for number in range(n_shards)]
    assert max(loads) - min(loads) <= max(weights) + 1e-9
    assert set(shards) == set(range(n_shards))


def test_the_order_of_the_items_does_not_matter():
    weights = {f"r{i}": float(i % 5) for i in range(50)}
    shuffled = dict(sorted(weights.items(), key=lambda item: item[0][::-1]))
    first = dict(zip(weights, assign_shards(list(weights.values()), list(weights), 4)))
    second = dict(zip(shuffled, assign_shards(list(shuffled.values()), list(shuffled), 4)))
    assert first == second


def test_longest_first_onto_the_lightest():
    assert assign_shards([3.0, 3.0, 2.0, 2.0, 2.0], list("abcde"), 2) == [0, 1, 0, 1, 0]  # by hand
    assert assign_shards([], [], 3) == []
