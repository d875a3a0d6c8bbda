"""Mirrors workflow/scripts/amela/units/assign_shard.py."""

import numpy as np
import pytest

from amela.errors import Rejected
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance
from amela.units.assign_shard import assign_shard
from amela.units.stream import Stream


class Numbers:
    """An encoder of one frame a second, whose units are what ``load`` gives; may be killed after some utterances."""

    hop, dimension, receptive_field, chunk, overlap, batch_seconds = 1.0, 1, 1.0, 1_000.0, 0.0, 0.0
    device = "cpu"

    def __init__(self, last=10**9):
        self.left = last

    def frames(self, n_samples):
        return n_samples // 16_000

    def check(self, samples_N):
        if not len(samples_N):
            raise Rejected("no samples")

    def encode(self, batch, moments=None):
        self.left -= len(batch)
        if self.left < 0:
            raise KeyboardInterrupt
        return list(batch)


UTTERANCES = [Utterance(f"u{number}", "/u.flac", float(number % 50 + 1)) for number in range(40)]


def load(utterance):
    number = int(utterance.id[1:])
    return np.full(0 if number % 7 == 3 else int(utterance.duration), number, dtype=np.uint16)


def assign(folder, encoder, fingerprint="one"):
    ledger = Ledger("kmeans_assign")
    with Journal(folder / "units.parquet", {"made by": fingerprint}) as journal:
        stream = Stream(encoder, load, lambda _, features: features)
        return list(assign_shard(UTTERANCES, stream, journal, ledger)), ledger.rows


def check(pairs, rows):
    kept = [utterance for utterance in UTTERANCES if int(utterance.id[1:]) % 7 != 3]
    assert [item for item, _ in pairs] == [utterance.id for utterance in kept]
    for item, units in pairs:
        np.testing.assert_array_equal(units, load(Utterance(item, "", float(int(item[1:]) % 50 + 1))))
        assert units.dtype == np.uint16
    assert [row["id"] for row in rows] == [f"u{number}" for number in range(3, 40, 7)]
    assert {row["reason"] for row in rows} == {"no samples"}


def test_in_order_with_a_row_for_what_is_rejected(tmp_path):
    check(*assign(tmp_path, Numbers()))


@pytest.mark.parametrize("last", [0, 5, 20, 33])
def test_a_killed_job_goes_on_after_the_last_window(tmp_path, last):
    killed = Numbers(last)
    with pytest.raises(KeyboardInterrupt):
        assign(tmp_path, killed)
    encoder = Numbers()
    check(*assign(tmp_path, encoder))
    done = 10**9 - encoder.left
    assert done <= 34 and (last < 17 or done < 34)  # 120 s are the first 15 utterances, 13 of which are whole


def test_what_something_else_began_is_done_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        assign(tmp_path, Numbers(30))
    encoder = Numbers()
    check(*assign(tmp_path, encoder, "another"))
    assert 10**9 - encoder.left == 34
