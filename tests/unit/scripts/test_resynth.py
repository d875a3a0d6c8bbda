"""Speech from units by a pretrained vocoder, as the rule calls it; griffinlim is in test_vocoder.py."""

import json

import numpy as np
import pytest
import soundfile as sf
import torch
from loading import main_of
from tiny_vocoders import SLOW, STYLED, make_units_codebook, random_units, write_checkpoint

from amela.errors import AmelaError, DataError
from amela.io.jsonl import read_jsonl
from amela.io.manifest import Utterance, read_manifest, write_manifest
from amela.units.sequences import UnitShard, write_units

LENGTHS = (30, 7, 0, 31, 12)  # units; the third has none


def resynth(folder, out, options, *more):
    main_of("resynth")(
        ["--manifest", f"{folder}/manifest.jsonl", "--units", f"{folder}/units.parquet",
         "--model", f"{folder}/model/checkpoint.json", "--codebook", f"{folder}/codebook.parquet",
         "--vocoder", json.dumps({"backend": "codehifigan", **options}), *more,
         "--audio", f"{out}/shard-0", "--output", f"{out}/shard-0.jsonl", "--rejected", f"{out}/shard-0.rejected.jsonl"]
    )  # fmt: skip


def corpus(folder, config, hop):
    """A shard of units of two speakers, an encoder's last frame missing; a vocoder, and the codebook."""
    write_checkpoint(folder / "model", config)
    codebook = make_units_codebook(folder / "codebook.parquet", hop)
    samples = [max(0, round(n * hop * 16_000)) + 80 for n in LENGTHS]
    rows = [Utterance(f"s{i % 2}/{i}", "/gone.wav", n / 16_000, speaker=f"s{i % 2}") for i, n in enumerate(samples)]
    write_manifest(folder / "manifest.jsonl", rows)
    units = [random_units(n, seed=n) for n in LENGTHS]
    write_units(
        folder / "units.parquet", UnitShard([row.id for row in rows], units, hop, codebook.k, codebook.fingerprint)
    )
    return rows


def audio(folder):
    return {str(path.relative_to(folder)): sf.read(path)[0] for path in sorted(folder.rglob("*.flac"))}


def test_full_frame_rate_units_last_as_long_as_natural_speech(tmp_path):
    rows = corpus(tmp_path, STYLED, 0.02)
    resynth(tmp_path, tmp_path / "a", {"speaker": "bo", "style": "read-happy", "durations": "natural"})
    again = list(read_manifest(tmp_path / "a/shard-0.jsonl"))
    assert [(row.id, row.duration, row.speaker) for row in again] == [
        (row.id, row.duration, row.speaker) for row in rows if row.id != "s0/2"
    ]
    assert [(row["id"], row["reason"]) for row in read_jsonl(tmp_path / "a/shard-0.rejected.jsonl")] == [
        ("s0/2", "no units")
    ]
    one = audio(tmp_path / "a/shard-0")
    assert list(one) == ["s0/0.flac", "s0/4.flac", "s1/1.flac", "s1/3.flac"]
    assert [len(samples) for samples in one.values()] == [9_680, 3_920, 2_320, 10_000]
    resynth(tmp_path, tmp_path / "b", {"speaker": "bo", "style": "read-happy"}, "--batch-seconds", "60")
    together = audio(tmp_path / "b/shard-0")
    assert all(np.abs(one[name] - together[name]).max() <= 2 / 32_768 for name in one)
    resynth(tmp_path, tmp_path / "c", {"speaker": "anna", "style": "read-happy"})
    other = audio(tmp_path / "c/shard-0")
    assert all(np.abs(one[name] - other[name]).max() > 0.01 for name in one)


def test_predicted_durations_stand_in_the_rows(tmp_path):
    rows = corpus(tmp_path, SLOW, 0.04)
    resynth(tmp_path, tmp_path / "a", {"durations": "predicted"})
    again = {row.id: row for row in read_manifest(tmp_path / "a/shard-0.jsonl")}
    lengths = {row.id: sf.info(row.audio_filepath).frames for row in again.values()}
    assert all(row.duration == lengths[row.id] / 16_000 and lengths[row.id] % 640 == 0 for row in again.values())
    assert [row.id for row in rows if row.duration == again.get(row.id, row).duration] == ["s0/2"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_was_asked_for_must_be_there(tmp_path):
    corpus(tmp_path, STYLED, 0.02)
    with pytest.raises(AmelaError, match="gpu: 1, and no GPU can be used here"):
        resynth(tmp_path, tmp_path / "a", {}, "--gpu", "1")
    assert not (tmp_path / "a/shard-0").exists()


def test_units_of_another_codebook_are_refused(tmp_path):
    corpus(tmp_path, STYLED, 0.02)
    make_units_codebook(tmp_path / "codebook.parquet", k=21)
    with pytest.raises(AmelaError, match="the vocoder knows 20 units, the codebook has 21"):
        resynth(tmp_path, tmp_path / "a", {})
    codebook = make_units_codebook(tmp_path / "codebook.parquet")
    other = {**codebook.fingerprint, "sha256": "0" * 64}
    write_units(tmp_path / "units.parquet", UnitShard(["s0/0"], [random_units(30)], 0.02, 20, other))
    with pytest.raises(DataError, match=r"made by something else: sha256 is '0000.*units\.parquet"):
        resynth(tmp_path, tmp_path / "a", {})
    assert not (tmp_path / "a/shard-0").exists()
