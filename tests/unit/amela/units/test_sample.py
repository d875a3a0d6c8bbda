"""Samples of units for training: what is drawn, and what is refused."""

import numpy as np
import pytest

from amela.errors import AmelaError, DataError
from amela.units.sample import drawn, open_sample
from amela.units.sequences import UnitShard, write_units

FINGERPRINT = {"encoder": "abc", "sha256": "0" * 64}


def shard(path, ids, units, fingerprint=FINGERPRINT):
    write_units(path, UnitShard(ids, [np.array(u, np.uint16) for u in units], 0.02, 10, fingerprint))
    return path


def test_sequences_come_in_the_order_of_the_shards(tmp_path):
    paths = [
        shard(tmp_path / "0", ["b", "a"], [[1, 1, 2], [3]]),
        shard(tmp_path / "1", [], []),
        shard(tmp_path / "2", ["c"], [[4, 4, 4]]),
    ]
    whole = open_sample(paths, runs_as_one=False)
    assert [units.tolist() for units in whole.sequences()] == [[1, 1, 2], [3], [4, 4, 4]]
    assert (whole.available, whole.k, whole.hop, whole.fingerprint) == (7, 10, 0.02, FINGERPRINT)
    runs = open_sample(paths, runs_as_one=True)
    assert [units.tolist() for units in runs.sequences()] == [[1, 2], [3], [4]]
    assert runs.available == 4


def test_a_sample_depends_on_ids_and_not_on_order(tmp_path):
    ids = [f"anna/{i}" for i in range(400)]
    units = [[i % 10] * 10 for i in range(400)]
    forwards = shard(tmp_path / "0", ids, units)
    backwards = shard(tmp_path / "1", ids[::-1], units[::-1])
    drawn_forwards = [u.tolist() for u in open_sample([forwards], False, max_units=1000).sequences()]
    drawn_backwards = [u.tolist() for u in open_sample([backwards], False, max_units=1000).sequences()]
    assert drawn_forwards == drawn_backwards[::-1]
    # 400 draws with chance 1/4: 100 ± 8.7 (standard deviation)
    assert 65 < len(drawn_forwards) < 135


def test_larger_samples_contain_smaller_ones():
    ids = [f"{i}" for i in range(300)]
    small, large = ({item for item in ids if drawn(item, share)} for share in (0.1, 0.5))
    assert small < large
    assert all(drawn(item, 1.0) for item in ids)
    assert not any(drawn(item, 0.0) for item in ids)


def test_units_of_two_codebooks_are_refused(tmp_path):
    paths = [shard(tmp_path / "0", ["a"], [[1]]), shard(tmp_path / "1", ["b"], [[1]], {**FINGERPRINT, "sha256": "1"})]
    with pytest.raises(DataError, match="sha256"):
        open_sample(paths, runs_as_one=True)


def test_no_unit_at_all_is_refused(tmp_path):
    with pytest.raises(AmelaError, match="no units"):
        open_sample([shard(tmp_path / "0", ["a"], [[]])], runs_as_one=True)
