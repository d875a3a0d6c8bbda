"""Files of the stages, as docs/formats.md names them."""

import pytest

from amela.merge.stages import chain_files, ledger_file, output_file


@pytest.mark.parametrize(
    ("link", "output", "ledger"),
    [
        ("segment", "segment/shard-3.jsonl", "segment/shard-3.rejected.jsonl"),
        ("vad_infer", "vad/shard-3.probabilities.parquet", "vad/shard-3.probabilities.rejected.jsonl"),
        ("kmeans_assign/km", "units/km/shard-3.parquet", "units/km/shard-3.rejected.jsonl"),
        ("bpe_apply/b-1", "motifs/b-1/shard-3.parquet", "motifs/b-1/shard-3.rejected.jsonl"),
        ("asr/ps/natural", "asr/ps/natural/shard-3.jsonl", "asr/ps/natural/shard-3.rejected.jsonl"),
    ],
)
def test_files_of_a_shard(link, output, ledger):
    assert (output_file(link, 3), ledger_file(link, 3)) == (output, ledger)


def test_the_inventory_is_one_input_of_its_own():
    outputs, ledgers = chain_files(["inventory", "segment"], 2)
    assert outputs == ["segment/shard-0.jsonl", "segment/shard-1.jsonl"]
    assert ledgers == ["segment/shard-0.rejected.jsonl", "segment/shard-1.rejected.jsonl"]


def test_the_first_link_is_read_but_not_its_ledger():
    outputs, ledgers = chain_files(["manifest", "kmeans_assign/km"], 1)
    assert outputs == ["manifest/shard-0.jsonl", "units/km/shard-0.parquet"]
    assert ledgers == ["units/km/shard-0.rejected.jsonl"]
