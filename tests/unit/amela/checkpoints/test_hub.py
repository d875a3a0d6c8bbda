"""The hub's own client, against a hub on this machine."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amela.checkpoints.registry import read_registry
from amela.errors import AmelaError

constants = pytest.importorskip("huggingface_hub.constants")
SCRIPT = Path(__file__).resolve().parents[4] / "workflow" / "scripts" / "checkpoint.py"
COMMIT = "1234567890" * 4  # of the hub in conftest.py
MODEL = {
    "config.json": b'{"model_type": "hubert"}',
    "preprocessor_config.json": b'{"do_normalize": true}',
    "pytorch_model.bin": b"pickle" * 1000,
    "model.safetensors": b"safe" * 1000,
    "README.md": b"read me",
    "tf_model.h5": b"other" * 1000,
}


@pytest.fixture(autouse=True)
def tiny(hub):
    hub.models["org/tiny"] = dict(MODEL)


def test_the_script_heeds_the_settings_of_the_hub(hub, tmp_path):
    """HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE, as a user gives them."""
    receipts = []
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    for settings in ({"HF_HUB_DISABLE_XET": "1"}, {"HF_HUB_OFFLINE": "1"}):
        output = tmp_path / f"{len(receipts)}.json"
        subprocess.run(
            [sys.executable, SCRIPT, "--checkpoint", "org/tiny", "--folder", str(tmp_path), "--output", str(output)],
            env={**inherited, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.address, **settings},
            check=True,
        )
        receipts.append(output.read_bytes())
    assert receipts[0] == receipts[1]
    assert str(tmp_path / "home" / "hub") in receipts[0].decode()


def test_weights_and_configuration_and_nothing_else(hub, fetch, tmp_path):
    receipt = fetch("org/tiny")
    assert sorted(receipt["files"]) == ["config.json", "model.safetensors", "preprocessor_config.json"]
    for name, file in receipt["files"].items():
        assert Path(file["path"]).read_bytes() == MODEL[name]
        assert file["path"].startswith(str(tmp_path / "home" / "hub"))
        assert COMMIT in file["path"]
    assert receipt["name"] == "org/tiny"
    assert not any("pytorch_model.bin" in path or "tf_model.h5" in path for path in hub.asked)


def test_settings_of_a_processor_come_too(hub, fetch):
    """Newer releases of transformers keep those of the feature extractor there."""
    hub.models["org/tiny"]["processor_config.json"] = hub.models["org/tiny"].pop("preprocessor_config.json")
    assert sorted(fetch("org/tiny")["files"]) == ["config.json", "model.safetensors", "processor_config.json"]


def test_another_size_than_the_registry_says(hub, fetch):
    taken = ("config.json", "preprocessor_config.json", "model.safetensors")
    size = sum(len(MODEL[name]) for name in taken)
    (row,) = read_registry()["mms-300m"]
    row = dataclasses.replace(row, source="hub:org/tiny", revision=None, bytes=size)
    assert fetch("org/tiny", registry={"mms-300m": [row]})["name"] == "mms-300m"
    with pytest.raises(AmelaError, match=f"its files have {size} bytes, expected {size + 1} — hub:org/tiny"):
        fetch("org/tiny", registry={"mms-300m": [dataclasses.replace(row, bytes=size + 1)]})


def test_pickled_weights_where_there_are_no_others(hub, fetch):
    del hub.models["org/tiny"]["model.safetensors"]
    assert sorted(fetch("org/tiny")["files"]) == ["config.json", "preprocessor_config.json", "pytorch_model.bin"]


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_offline_the_cache_is_enough(hub, fetch, monkeypatch, weights):
    if weights == "pytorch_model.bin":
        del hub.models["org/tiny"]["model.safetensors"]
    first = fetch("org/tiny")
    hub.asked.clear()
    assert fetch("org/tiny", offline=True) == first
    assert hub.asked == []
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert fetch("org/tiny") == first


def test_offline_without_a_cache_it_says_what_to_do(hub, refusal, tmp_path):
    told = refusal("org/tiny@v2", offline=True)
    assert "model org/tiny, revision v2 is not in the hub's cache" in told
    assert str(tmp_path / "home" / "hub") in told
    wanted = 'config.json preprocessor_config.json processor_config.json model.safetensors pytorch_model.bin "*.nemo"'
    assert f"hf download org/tiny {wanted} --revision v2" in told
    assert hub.asked == []


def test_a_cache_that_was_brought_here_by_hand(fetch, refusal, tmp_path):
    """Copied files without links, as from a disk that knows none."""
    snapshot = tmp_path / "home" / "hub" / "models--org--tiny" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(COMMIT)
    (snapshot / "config.json").write_bytes(MODEL["config.json"])
    assert "no config.json and model.safetensors or pytorch_model.bin, and no archive (.nemo), in" in refusal(
        "org/tiny", offline=True
    )
    (snapshot / "pytorch_model.bin").write_bytes(MODEL["pytorch_model.bin"])
    assert sorted(fetch("org/tiny", offline=True)["files"]) == ["config.json", "pytorch_model.bin"]


def test_a_damaged_cache(fetch, refusal):
    blob = Path(fetch("org/tiny")["files"]["model.safetensors"]["path"]).resolve()
    blob.write_bytes(b"evil" * 1000)
    assert "damaged: its sha256 is" in refusal("org/tiny")


def test_no_such_model(refusal):
    assert "the hub has no such model, or does not show it to you — org/none" in refusal("org/none")


def test_a_model_that_asks_for_consent(hub, refusal):
    hub.closed.add("org/tiny")
    assert "hf auth login" in refusal("org/tiny")


def test_no_such_revision(refusal):
    assert "not this revision — v9" in refusal("org/tiny@v9")


def test_a_repository_without_a_model(hub, refusal):
    hub.models["org/data"] = {"README.md": b"", "config.json": b"{}"}
    assert (
        "no config.json and model.safetensors or pytorch_model.bin, and no archive (.nemo), in model org/data"
        in refusal("org/data")
    )
