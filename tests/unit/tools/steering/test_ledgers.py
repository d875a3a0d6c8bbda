"""tools/steering/ledgers.py"""

from steering.dry_run import Job
from steering.ledgers import Rejected, count, ledgers_of

ROWS = '{"id": "a", "reason": "x"}\n{"id": "b", "filtered": true}\n\n{"id": "filtered"}\n{"id": "c", "filt'


def test_rows_are_counted_by_kind_and_a_torn_line_is_none(tmp_path):
    path = tmp_path / "shard-0.rejected.jsonl"
    path.write_text(ROWS)
    assert count([path, path]) == Rejected(rejected=4, filtered=2, broken=2)


def test_no_ledger_no_rows():
    assert count([]) == Rejected()


def test_ledgers_that_are_there(tmp_path):
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "rejected.jsonl").touch()
    (tmp_path / "shard-0.rejected.jsonl").touch()
    folder = Job("inventory", output=("inventory",))
    stage = Job("vad", output=("shard-0.jsonl", "shard-0.rejected.jsonl"))
    later = Job("vad", output=("shard-1.jsonl", "shard-1.rejected.jsonl"))
    assert ledgers_of(folder, tmp_path) == [tmp_path / "inventory" / "rejected.jsonl"]
    assert ledgers_of(stage, tmp_path) == [tmp_path / "shard-0.rejected.jsonl"]
    assert ledgers_of(later, tmp_path) == []


def test_a_merge_repeats_the_ledgers_of_others(tmp_path):
    (tmp_path / "manifest.rejected.jsonl").touch()
    assert ledgers_of(Job("merge", output=("manifest.rejected.jsonl",)), tmp_path) == []
