"""Motifs from their command lines: train, apply to each shard, table of the corpus."""

import csv
import json

import numpy as np
import pytest
from loading import main_of

from amela.errors import DataError
from amela.io.jsonl import read_jsonl
from amela.io.table import read_table
from amela.units.sequences import UnitShard, write_units

FINGERPRINT = {"encoder": "abc", "sha256": "0" * 64}
K = 20


@pytest.fixture
def units(tmp_path):
    """Two shards of units; the second has an utterance without any, and the third is empty."""
    rng = np.random.default_rng(0)
    for shard in range(3):
        ids = [f"utt-{shard}-{i}" for i in range(10 if shard < 2 else 0)]
        sequences = [np.repeat(rng.integers(0, K, 50), rng.integers(1, 4, 50)).astype(np.uint16) for _ in ids]
        if shard == 1:
            sequences[3] = np.zeros(0, np.uint16)
        write_units(tmp_path / f"units/shard-{shard}.parquet", UnitShard(ids, sequences, 0.02, K, FINGERPRINT))
    return tmp_path / "units"


def run(units, folder):
    settings = json.dumps({"vocab_size": 60, "deduplicate": True, "max_length": 64})
    files = ["--model", f"{folder}/bpe.model", "--description", f"{folder}/bpe.json"]
    main_of("bpe_train")(["--units", f"{units}", "3", "--bpe", settings, *files])
    for shard in range(3):
        stem = f"{folder}/shard-{shard}"
        main_of("bpe_apply")(
            ["--units", f"{units}/shard-{shard}.parquet", *files, "--output", f"{stem}.parquet",
             "--occurrences", f"{stem}.occurrences.parquet", "--rejected", f"{stem}.rejected.jsonl"]
        )  # fmt: skip
    table = ["--table", f"{folder}/motifs.tsv", "--summary", f"{folder}/motifs.json"]
    main_of("motifs")(["--motifs", f"{folder}", "--shards", "3", *files, *table])
    return folder


def test_the_numbers_of_all_files_agree(units, tmp_path):
    out = run(units, tmp_path / "out")
    shards = [read_table(out / f"shard-{shard}.parquet", "motifs")[0].to_pylist() for shard in range(3)]
    occurrences = [read_table(out / f"shard-{shard}.occurrences.parquet", "occurrences")[0] for shard in range(3)]
    frames = sum(
        len(row["units"])
        for shard in range(3)
        for row in read_table(units / f"shard-{shard}.parquet", "units")[0].to_pylist()
    )
    summary = json.loads((out / "motifs.json").read_text())
    with (out / "motifs.tsv").open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    tokens = [token for shard in shards for row in shard for token in row["tokens"]]
    assert [len(shard) for shard in shards] == [10, 9, 0]
    assert sum(sum(row["frames"]) for shard in shards for row in shard) == frames == summary["frames"]
    assert sum(int(row["count"]) for row in rows) == len(tokens) == summary["tokens"]
    longer = sum(int(row["count"]) for row in rows if int(row["length"]) > 1)
    assert longer == sum(table.num_rows for table in occurrences) > 0
    assert summary["share_longer_than_one"] == longer / len(tokens)
    seconds = sum(int(row["count"]) * float(row["mean_duration"]) for row in rows)
    assert seconds == pytest.approx(frames * 0.02, abs=1e-3)


def test_an_utterance_without_units_is_rejected(units, tmp_path):
    out = run(units, tmp_path / "out")
    rows = list(read_jsonl(out / "shard-1.rejected.jsonl"))
    assert rows == [{"id": "utt-1-3", "stage": "bpe_apply", "reason": "it has no units"}]
    assert list(read_jsonl(out / "shard-0.rejected.jsonl")) == []


def test_two_runs_give_the_same_bytes(units, tmp_path):
    first, second = run(units, tmp_path / "first"), run(units, tmp_path / "second")
    names = sorted(path.name for path in first.iterdir())
    assert len(names) == 2 + 3 * 3 + 2
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_units_of_another_codebook_are_refused(units, tmp_path):
    out = run(units, tmp_path / "out")
    write_units(units / "other.parquet", UnitShard(["a"], [np.array([1], np.uint16)], 0.02, K, {"sha256": "1"}))
    with pytest.raises(DataError, match="sha256 is '1'"):
        main_of("bpe_apply")(
            ["--units", f"{units}/other.parquet", "--model", f"{out}/bpe.model", "--description", f"{out}/bpe.json",
             "--output", f"{out}/x", "--occurrences", f"{out}/y", "--rejected", f"{out}/z"]
        )  # fmt: skip
    assert not (out / "x").exists()
