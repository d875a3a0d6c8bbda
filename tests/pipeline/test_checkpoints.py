"""Weights from elsewhere: fetched once, verified, and what was made with them stale when they change."""

import json

import joblib
import numpy as np
import pytest
import yaml
from runs import ROOT, demo_table
from sklearn.cluster import KMeans

from amela.checkpoints.registry import COLUMNS
from amela.provenance import file_sha256

pytestmark = pytest.mark.pipeline

FRAMES_ND = np.random.default_rng(0).normal(scale=20, size=(200, 39)).astype(np.float32)


def fitted(path, seed):
    joblib.dump(KMeans(20, n_init=1, random_state=seed).fit(FRAMES_ND), path)
    return path


@pytest.fixture
def clone(new_clone, tmp_path):
    """With a codebook that others fitted, by a name of the registry."""
    codebooks = {"theirs": {"encoder": "mfcc", "k": 20, "checkpoint": "km"}}
    clone = new_clone(
        demo_table(tmp_path / "recordings.csv", 2),
        encoders={"mfcc": {"normalize": "none"}},
        codebooks=codebooks,
        **dict.fromkeys(("bpes", "vocoders", "asrs", "lms"), {}),
    )
    register(clone, fitted(tmp_path / "km.bin", 1))
    return clone


def register(clone, path, **cells):
    row = {"name": "km", "kind": "quantizer", "file": path.name, "source": path.as_uri(), "sha256": file_sha256(path)}
    row.update(cells)
    line = "\t".join(row.get(column, "") for column in COLUMNS) + "\n"
    ours = (ROOT / "resources" / "checkpoints.tsv").read_text()
    (clone.folder / "resources" / "checkpoints.tsv").write_text(ours + line)


def test_from_the_registry_to_units(clone, tmp_path):
    assert clone.planned("checkpoints") == {"checkpoint kind=codebooks, name=theirs", "checkpoints"}
    clone.make("checkpoints")
    (tmp_path / "km.bin").unlink()  # from here on there is no network
    units = "results/corpora/small/units/theirs/shard-0.parquet"
    clone.make(units)
    receipt = json.loads((clone.folder / "results/models/codebooks/theirs/checkpoint.json").read_text())
    assert receipt["files"]["km.bin"]["path"] == str(clone.folder / "resources/checkpoints/km/km.bin")
    assert clone.planned(units) == set()

    register(clone, fitted(tmp_path / "km.bin", 1), bytes="1", licence="MIT")  # says nothing else of the content
    assert clone.planned(units) == set()

    register(clone, fitted(tmp_path / "km.bin", 2))
    assert {job.split()[0] for job in clone.planned(units)} == {"checkpoint", "codebook_import", "kmeans_assign"}
    refused = clone.run("checkpoints")
    assert refused.returncode
    assert "not the file it should be" in clone.failed_logs()  # the old one is still there


@pytest.fixture
def speech_model(tmp_path):
    """Function (name, content): a file more in a folder that is laid out as a speech model around a language model."""
    folder = tmp_path / "salm"

    def write(name, content=""):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
        return folder

    for name in ("model.safetensors", "llm_backbone/config.json", "tokenizer.json", "tokenizer_config.json"):
        write(name, name)
    write("config.json", '{"pretrained_llm": "org/language"}')
    return write


def recognise(clone, **asr):
    config = yaml.safe_load((clone.folder / "my.yaml").read_text())
    (clone.folder / "my.yaml").write_text(yaml.safe_dump({**config, "asrs": {"ours": asr}}))


def test_a_recogniser_from_a_folder(clone, speech_model):
    recognise(clone, backend="canary-qwen", checkpoint=str(speech_model("README.md")))
    job = "checkpoint kind=asrs, name=ours"
    assert job in clone.planned("checkpoints")
    clone.make("checkpoints")
    receipt = json.loads((clone.folder / "results/models/asrs/ours/checkpoint.json").read_text())
    assert "README.md" not in receipt["files"]
    assert receipt["files"]["llm_backbone/config.json"]["path"].endswith("/salm/llm_backbone/config.json")
    speech_model("README.md", "another")
    assert clone.planned("checkpoints") == set()
    speech_model("llm_backbone/config.json", "another")
    assert clone.planned("checkpoints") == {job, "checkpoints"}


@pytest.mark.parametrize(
    ("asr", "told"),
    [
        ({"backend": "parakeet", "checkpoint": "canary-qwen-2.5b"}, "it is read by backend: canary-qwen"),
        ({"backend": "canary-qwen", "checkpoint": "nvidia/parakeet-tdt-0.6b-v3"}, "it is read by backend: parakeet"),
        ({"backend": "parakeet", "checkpoint": "mms-300m"}, "is of kind encoder, wanted is: recogniser; known: canary"),
    ],
)
def test_a_recogniser_that_its_backend_cannot_read(clone, asr, told):
    recognise(clone, **asr)
    done = clone.run("--dry-run", "checkpoints")
    assert done.returncode
    assert f"configuration: asrs.ours.checkpoint: {asr['checkpoint']}" in (done.stdout + done.stderr).replace("'", "")
    assert told in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nothing", "codebooks.theirs.checkpoint: 'nothing' is no name of the registry"),
        ("encoder", "codebooks.theirs.checkpoint: 'encoder' is of kind encoder, wanted is: quantizer"),
        ("./km.bin", "km.bin"),  # by Snakemake: a file that is not there
    ],
)
def test_mistakes_are_told_before_anything_runs(clone, given, told):
    config = clone.folder / "my.yaml"
    config.write_text(config.read_text().replace("checkpoint: km", f"checkpoint: {given}"))
    if given == "encoder":
        register(clone, config, name="encoder", kind="encoder")
    done = clone.run("--dry-run", "checkpoints")
    assert done.returncode
    assert told in done.stdout + done.stderr
