"""Transformers, quantisers of others and the vocoder of Expresso through the whole workflow, on tiny models."""

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile as sf
import yaml
from runs import Clone, demo_table, kill_and_start_again
from tiny_models import save_quantizer, save_tiny_hubert
from tiny_vocoders import save_tiny_vocoder

pytestmark = pytest.mark.pipeline

ENCODER = {"backend": "hf", "layer": 2}


def configuration(folder, shards=2, **changes):
    corpus = {"source": str(folder / "audio" / "recordings.csv"), "shards": shards}
    return {
        "corpora": {"small": corpus},
        "encoders": {"tiny": {**ENCODER, "checkpoint": str(folder / "hubert")}},
        "codebooks": {
            "fitted": {"encoder": "tiny", "k": 10},
            "imported": {"encoder": "tiny", "k": 12, "checkpoint": str(folder / "km.bin")},
        },
        "bpes": {},
        "vocoders": {
            "averaged": {"codebook": "fitted", "iterations": 2},
            "expresso": {
                "codebook": "imported",
                "backend": "codehifigan",
                "checkpoint": str(folder / "vocoder"),
                "speaker": "b",
            },
        },
        "asrs": {},
        "lms": {},
        **changes,
    }


def units(clone, codebook, shards=2):
    """Units by id, in the order of the shards."""
    found = {}
    for shard in range(shards):
        path = clone.folder / f"results/corpora/small/units/{codebook}/shard-{shard}.parquet"
        found.update((row["id"], row["units"]) for row in pq.read_table(path).to_pylist())
    return found


def manifest(clone, part="merged/manifest.jsonl"):
    path = clone.folder / "results/corpora/small" / part
    return {row["id"]: row for row in map(json.loads, path.read_text("utf-8").splitlines())}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folder with weights and recordings."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny_hubert(folder / "hubert")
    save_quantizer(folder / "km.bin", 12)
    save_tiny_vocoder(folder / "vocoder", 12, speakers=["a", "b"])
    demo_table(folder / "audio" / "recordings.csv", 8)
    return folder


@pytest.fixture(scope="module")
def made(models):
    clone = Clone(models / "clone", configuration(models))
    clone.make()
    return clone


def test_every_utterance_has_a_unit_a_frame(made):
    rows = manifest(made)
    for codebook, k in (("fitted", 10), ("imported", 12)):
        found = units(made, codebook)
        assert set(found) == set(rows) and len(rows) >= 8
        for item, row in rows.items():
            assert len(found[item]) == (round(row["duration"] * 16_000) - 400) // 320 + 1
        used = {unit for each in found.values() for unit in each}
        assert max(used) < k and len(used) > k / 2


@pytest.mark.parametrize("vocoder", ["averaged", "expresso"])
def test_speech_from_units_lasts_as_long_as_the_original(made, vocoder):
    natural, spoken = manifest(made), manifest(made, f"merged/resynth-{vocoder}.jsonl")
    assert set(natural) == set(spoken)
    for item, row in spoken.items():
        samples, rate = sf.read(made.folder / row["audio_relpath"])
        assert rate == 16_000 and len(samples) == round(natural[item]["duration"] * 16_000)
        assert np.abs(samples).max() > 0


def test_how_to_encode_makes_nothing_stale_and_what_to_encode_does(made, copy_of, models):
    clone = copy_of(made)
    config = configuration(models)
    config["encoders"]["tiny"].update(batch_seconds=30, compile=True)
    clone.configure(config)
    assert clone.planned() == set()
    config["encoders"]["tiny"]["layer"] = 1
    clone.configure(config)
    stale = {job.split(" ")[0] for job in clone.planned()}
    assert {"encode", "kmeans_fit", "codebook_import", "kmeans_assign", "resynth", "merge"} <= stale
    assert not {"checkpoint", "segment", "vad", "manifest"} & stale


def test_other_weights_make_their_units_stale(made, copy_of, models, tmp_path):
    clone = copy_of(made)
    save_tiny_hubert(tmp_path / "hubert", seed=1)
    config = configuration(models)
    config["encoders"]["tiny"]["checkpoint"] = str(tmp_path / "hubert")
    clone.configure(config)
    stale = {job.split(" ")[0] for job in clone.planned()}
    assert {"checkpoint", "encode", "kmeans_fit", "codebook_import", "kmeans_assign"} <= stale


def test_shards_and_batches_do_not_change_units(made, models, tmp_path):
    config = configuration(models, shards=1, vocoders={})
    config["codebooks"].pop("fitted")
    config["encoders"]["tiny"]["batch_seconds"] = 20
    clone = Clone(tmp_path / "one", config)
    clone.make()
    one, two = units(clone, "imported", shards=1), units(made, "imported")
    assert set(one) == set(two)
    pairs = [pair for item in one for pair in zip(one[item], two[item])]
    assert sum(left == right for left, right in pairs) >= 0.9999 * len(pairs)


def test_a_killed_job_goes_on_to_the_same_bytes(made, tmp_path):
    """kmeans_assign on twelve minutes, killed after its first window."""
    rows = [json.dumps({**row, "id": f"{item}-{n}"}) for n in range(40) for item, row in sorted(manifest(made).items())]
    (tmp_path / "shard.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    models_of_clone = made.folder / "results/models"
    settings = yaml.safe_load((made.folder / "results/run_config.yaml").read_text("utf-8"))["encoders"]["tiny"]
    encoder = {key: value for key, value in settings.items() if key not in ("gpu", "batch_seconds", "compile")}

    def start(name):
        command = [sys.executable, made.folder / "workflow/scripts/kmeans_assign.py"]
        command += ["--manifest", tmp_path / "shard.jsonl", "--encoder", json.dumps(encoder)]
        command += ["--checkpoint", models_of_clone / "encoders/tiny/checkpoint.json"]
        command += ["--codebook", models_of_clone / "codebooks/imported/codebook.parquet"]
        command += ["--output", tmp_path / f"{name}.parquet", "--rejected", tmp_path / f"{name}.rejected.jsonl"]
        return subprocess.Popen(list(map(str, command)), cwd=made.folder, stderr=subprocess.DEVNULL)

    assert start("whole").wait(timeout=300) == 0
    kill_and_start_again(lambda: start("killed"), tmp_path / "killed.parquet", 2)
    for ending in (".parquet", ".rejected.jsonl"):
        assert (tmp_path / f"killed{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()
