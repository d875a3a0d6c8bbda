"""Units and features of real speech for other tools, as the rules call the stages."""

import json
import shutil

import numpy as np
import pytest
import soundfile as sf
from loading import stage

from amela.audio.load import load_utterance
from amela.encoders import load_encoder
from amela.errors import AmelaError
from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.manifest import Utterance, write_manifest
from amela.units.sequences import UnitShard, write_units

SPEC = {"backend": "mfcc", "hop": 0.02, "normalize": "none"}
SHARDS = 2


@pytest.fixture(scope="module")
def utterances(speech):
    paths = [p for who in ("0003", "0111") for p in sorted((speech / "speechocean" / "wav" / who).iterdir())]
    return [
        Utterance(f"{path.parent.name}/{path.stem}", str(path), sf.info(path).frames / 16_000, speaker=path.parent.name)
        for path in paths
    ]


@pytest.fixture(scope="module")
def corpus(utterances, tmp_path_factory):
    """Manifests of two shards, the second with a file that is missing; units of what is there."""
    folder = tmp_path_factory.mktemp("corpus")
    gone = Utterance("gone", "/nowhere/gone.wav", 1.0)
    encoder = load_encoder(SPEC)
    made_by = {"encoder": "e", "hop": 0.02, "dimension": 39, "normalize": "none", "sha256": "s"}
    centroids_KD = np.random.default_rng(0).normal(0, 20, (5, 39)).astype(np.float32)
    for shard in range(SHARDS):
        own = utterances[shard::SHARDS]
        write_manifest(folder / f"shard-{shard}.jsonl", own + [gone] * (shard == 1))
        distances = [
            np.linalg.norm(encoder.encode([load_utterance(item)])[0][:, None] - centroids_KD, axis=2) for item in own
        ]
        units = [distance_TK.argmin(axis=1).astype(np.uint16) for distance_TK in distances]
        shard_of_units = UnitShard([item.id for item in own], units, 0.02, 5, made_by)
        write_units(folder / f"shard-{shard}.parquet", shard_of_units)
    return folder


def export(corpus, output, format, max_rejected=0.0):
    stage(
        *("export", "--corpus", "kids", "--manifests", corpus, "--units", corpus, "--shards", SHARDS),
        *("--export", json.dumps({"format": format, "deduplicate": None})),
        *("--max-rejected", max_rejected, "--output", output),
    )


def features(corpus, output, format="npy", max_rejected=0.5):
    stage(
        *("features", "--manifests", corpus, "--shards", SHARDS, "--encoder", json.dumps(SPEC)),
        *("--format", format, "--max-rejected", max_rejected, "--output", output),
    )


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("format", ["corpus-json", "bpe-text", "textless", "slamkit", "discophon", "kaldi"])
def test_every_format_holds_every_utterance_and_is_the_same_each_time(corpus, utterances, tmp_path, format):
    for name in ("first", "second"):
        export(corpus, tmp_path / name, format)
    found = contents(tmp_path / "first")
    assert found == contents(tmp_path / "second")
    assert found.pop("rejected.jsonl") == b""
    assert json.loads(found["export.json"])["out"] == len(utterances)
    assert all(content.count(b"\n") >= len({item.speaker for item in utterances}) for content in found.values())


def test_units_that_are_not_exported_end_the_stage_without_a_folder(corpus, tmp_path):
    """Of the second shard every utterance is a part of a recording."""
    shutil.copytree(corpus, tmp_path, dirs_exist_ok=True)
    parts = [{**row, "recording": "whole"} for row in read_jsonl(corpus / "shard-1.jsonl")]
    write_jsonl(tmp_path / "shard-1.jsonl", parts)
    with pytest.raises(AmelaError, match=r"were rejected \(.*%, allowed are 10.0%\); the first: a part of a recording"):
        export(tmp_path, tmp_path / "out", "discophon", max_rejected=0.1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["npy", "pt"])
def test_features_of_every_utterance_lie_where_tools_look_for_them(corpus, utterances, tmp_path, format):
    """fastabx and the tools of ZeroSpeech call a file by its path below the folder, without the ending."""
    torch = pytest.importorskip("torch")
    features(corpus, tmp_path / "out", format)
    files = sorted((tmp_path / "out").rglob(f"*.{format}"))
    names = [str(path.relative_to(tmp_path / "out")).removesuffix(f".{format}") for path in files]
    assert names == sorted(item.id for item in utterances)
    encoder = load_encoder(SPEC)
    for item in utterances:
        path = tmp_path / "out" / f"{item.id}.{format}"
        loaded = np.load(path) if format == "npy" else torch.load(path, weights_only=True).numpy()
        np.testing.assert_array_equal(loaded, encoder.encode([load_utterance(item)])[0])
    assert [row["id"] for row in read_jsonl(tmp_path / "out" / "rejected.jsonl")] == ["gone"]
    description = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (description["in"], description["out"], description["rejected"]) == (len(utterances) + 1, len(utterances), 1)


def test_features_that_are_missing_beyond_the_limit_end_the_stage(corpus, tmp_path):
    with pytest.raises(AmelaError, match="the first: no such file"):
        features(corpus, tmp_path / "out", max_rejected=0.01)
    assert not (tmp_path / "out").exists()


def test_an_upstream_is_written(tmp_path):
    stage(
        *("s3prl_upstream", "--export", "my-upstream", "--encoder", json.dumps(SPEC)),
        *("--encoder-environment", "encode-spectral", "--output", tmp_path / "out"),
    )
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["encoder"] == SPEC
