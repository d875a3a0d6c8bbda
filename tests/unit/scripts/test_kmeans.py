"""From real speech to units: encode, normalize, kmeans_fit, kmeans_assign as the rules call them."""

import json

import numpy as np
import pytest
import soundfile as sf
from loading import stage

from amela.errors import AmelaError
from amela.io.jsonl import read_jsonl, write_jsonl
from amela.units.codebook import read_codebook
from amela.units.features import read_features
from amela.units.normalize import read_normalizer
from amela.units.sequences import read_units

SHARDS = 2
FIT = {"k": 20, "fit_hours": 0.01, "batch": 1_000, "max_epochs": 5, "seed": 0}


@pytest.fixture(scope="module")
def rows(speech):
    """Manifest rows of three speakers, some children; one file is missing."""
    paths = [p for who in ("0003", "0024", "0111") for p in sorted((speech / "speechocean" / "wav" / who).iterdir())]
    rows = [
        {
            "audio_filepath": str(path),
            "duration": sf.info(path).frames / 16_000,
            "id": f"{path.parent.name}/{path.stem}",
            "recording": path.stem,
            "speaker": path.parent.name,
        }
        for path in paths
    ]
    return [*rows, {**rows[0], "id": "gone", "audio_filepath": "/nowhere/gone.wav"}]


def run_all(folder, rows, encoder, fit=FIT):
    """The four stages, as two shards."""
    for shard in range(SHARDS):
        write_jsonl(folder / f"shard-{shard}.jsonl", rows[shard::SHARDS])
        stage(
            *("encode", "--manifest", folder / f"shard-{shard}.jsonl", "--encoder", json.dumps(encoder)),
            *("--hours", fit["fit_hours"] / SHARDS, "--output", folder / f"shard-{shard}.features.parquet"),
            *("--sums", folder / f"shard-{shard}.sums.parquet", "--rejected", folder / f"shard-{shard}.rejected.jsonl"),
        )
    normalizer = []
    if encoder["normalize"] != "none":
        stage("normalize", "--sums", folder, SHARDS, "--output", folder / "normalizer.parquet")
        normalizer = ["--normalizer", folder / "normalizer.parquet"]
    stage(
        *("kmeans_fit", "--features", folder, SHARDS, "--codebook", json.dumps(fit)),
        *("--output", folder / "codebook.parquet", "--report", folder / "report.json"),
    )
    for shard in range(SHARDS):
        stage(
            *("kmeans_assign", "--manifest", folder / f"shard-{shard}.jsonl", "--encoder", json.dumps(encoder)),
            *("--codebook", folder / "codebook.parquet", *normalizer),
            *("--output", folder / f"units-{shard}.parquet", "--rejected", folder / f"units-{shard}.rejected.jsonl"),
        )
    return folder


@pytest.mark.parametrize("backend, hop, normalize", [("mfcc", 0.01, "speaker"), ("logmel", 0.02, "none")])
def test_units_of_every_utterance(tmp_path, rows, backend, hop, normalize):
    run_all(tmp_path, rows, {"backend": backend, "hop": hop, "normalize": normalize})
    codebook = read_codebook(tmp_path / "codebook.parquet")
    for shard in range(SHARDS):
        units = read_units(tmp_path / f"units-{shard}.parquet")
        gone = [row["id"] for row in read_jsonl(tmp_path / f"units-{shard}.rejected.jsonl")]
        expected = {row["id"]: row["duration"] for row in rows[shard::SHARDS]}
        assert [*units.ids, *gone] == list(expected)  # "gone" is the last row of its shard
        assert units.fingerprint == codebook.fingerprint and units.hop == hop and units.k == 20
        for item, units_T in zip(units.ids, units.units):
            assert 0 <= len(units_T) * hop - expected[item] < hop
            assert len(np.unique(units_T)) > 1
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["k"] == 20 and report["frames"] == codebook.frames_K.sum() and report["perplexity"] > 10


def test_two_runs_are_identical(tmp_path, rows):
    encoder = {"backend": "mfcc", "hop": 0.02, "normalize": "speaker"}
    one, two = (run_all(tmp_path / name, rows, encoder) for name in ("one", "two"))
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in two.iterdir()) and len(names) == 15
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_every_speaker_has_mean_0_and_deviation_1(tmp_path, rows):
    run_all(tmp_path, rows, {"backend": "mfcc", "hop": 0.02, "normalize": "speaker"}, {**FIT, "fit_hours": 1.0})
    normalizer = read_normalizer(tmp_path / "normalizer.parquet")
    frames = {}
    for shard in range(SHARDS):
        sample = read_features(tmp_path / f"shard-{shard}.features.parquet")
        for group, features in zip(sample.groups, sample.features):
            frames.setdefault(group, []).append(normalizer.apply(group, features))
    assert frames.keys() == {"speaker 0003", "speaker 0024", "speaker 0111"}
    for parts in frames.values():
        every = np.concatenate(parts).astype(np.float64)
        np.testing.assert_allclose(every.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(every.std(axis=0), 1, atol=1e-6)


def test_silence_makes_no_codebook(tmp_path):
    path = tmp_path / "silence.wav"
    sf.write(path, np.zeros(16_000 * 20), 16_000)
    rows = [{"audio_filepath": str(path), "duration": 20.0, "id": f"u{i}"} for i in range(2)]
    with pytest.raises(AmelaError, match="of no use"):
        run_all(tmp_path, rows, {"backend": "mfcc", "hop": 0.01, "normalize": "speaker"})
    assert not (tmp_path / "codebook.parquet").exists()
