"""Shards, ledger and summary of a corpus."""

import json
from operator import itemgetter

import pytest

from amela.corpus.inventory import BYTES_PER_SECOND, list_source, weights, write_inventory
from amela.corpus.recordings import Recording
from amela.io.jsonl import read_jsonl
from amela.io.ledger import Ledger


def recording(number, size=1_000, seconds=1.0, **metadata):
    return Recording(f"r{number}", f"audio/r{number}.wav", size, seconds, metadata)


def shards_in(folder):
    return [list(read_jsonl(folder / f"shard-{n}.jsonl")) for n in range(len(list(folder.glob("shard-*"))))]


def test_lengths_that_no_header_tells_are_guessed_from_the_others():
    # (3,000 + 1,000) bytes in (3 + 5) seconds: 500 a second; a header that says 0 s is no measure, but believed
    known = [recording(0, 3_000, 3.0), recording(1, 1_000, 5.0), recording(2, 9_999, 0.0)]
    unknown = [recording(3, 2_000, None), recording(4, 0, None)]
    assert weights(known + unknown) == [3.0, 5.0, 0.0, 4.0, 0.0]


def test_lengths_where_no_header_can_be_read():
    assert weights([recording(0, 2 * BYTES_PER_SECOND, None), recording(1, 0, None)]) == [2.0, 0.0]
    assert weights([recording(0, 50, None), recording(1, 0, 9.0)]) == [50.0, 9.0]  # no bytes in 9 s
    assert weights([]) == []


def test_every_recording_is_in_one_shard(tmp_path):
    recordings = [recording(n, 1_000 * n, None if n % 3 else n / 10, speaker=f"s{n % 2}") for n in range(20)]
    summary = write_inventory(tmp_path, "my/audio", 3, recordings, Ledger("inventory"))
    shards = shards_in(tmp_path)
    key = itemgetter("id")
    assert sorted(sum(shards, []), key=key) == sorted((r.to_row() for r in recordings), key=key)
    assert all(shard == sorted(shard, key=key) for shard in shards) and len(shards) == 3
    weight = dict(zip((r.id for r in recordings), weights(recordings)))
    loads = [sum(weight[row["id"]] for row in shard) for shard in shards]
    assert max(loads) - min(loads) <= max(weight.values())
    assert summary["bytes"] == 190_000
    assert summary["seconds"] == 6.3  # (3 + 6 + … + 18) / 10: those that are known


def test_the_order_of_the_list_does_not_matter(tmp_path):
    recordings = [recording(n, seconds=n % 4 + 1.0) for n in range(12)]
    for name, given in (("a", recordings), ("b", recordings[::-1])):
        write_inventory(tmp_path / name, "audio", 4, given, Ledger("inventory"))
    assert shards_in(tmp_path / "a") == shards_in(tmp_path / "b")


@pytest.mark.parametrize("n_recordings", [0, 1])
def test_more_shards_than_recordings(tmp_path, n_recordings):
    ledger = Ledger("inventory")
    ledger.reject("table.csv:2", "no path")
    ledger.reject("table.csv:3", "no such file", path="x.wav")
    summary = write_inventory(tmp_path, "table.csv", 3, [recording(n) for n in range(n_recordings)], ledger)
    assert sorted(map(len, shards_in(tmp_path))) == [0, 0, n_recordings]
    assert list(read_jsonl(tmp_path / "rejected.jsonl")) == ledger.rows
    assert (summary["listed"], summary["recordings"], summary["rejected"]) == (n_recordings + 2, n_recordings, 2)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_a_source_is_a_directory_or_a_table(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "table.csv").write_text("path\na.wav\nb.wav\ngone.wav\n")
    for source, rejected in ((tmp_path, []), (tmp_path / "table.csv", ["table.csv:4"])):
        ledger = Ledger("inventory")
        assert [found.id for found in list_source(str(source), ["*.wav"], ["b*"], ledger)] == ["a"]
        assert [row["id"] for row in ledger.rows] == rejected
