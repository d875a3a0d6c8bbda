"""The hub's own client, against a hub on this machine."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from amela.checkpoints.fetch import fetch_checkpoint
from amela.checkpoints.registry import read_registry
from amela.errors import AmelaError

constants = pytest.importorskip("huggingface_hub.constants")
SCRIPT = Path(__file__).resolve().parents[4] / "workflow" / "scripts" / "checkpoint.py"
COMMIT = "1234567890" * 4
MODEL = {
    "config.json": b'{"model_type": "hubert"}',
    "preprocessor_config.json": b'{"do_normalize": true}',
    "pytorch_model.bin": b"pickle" * 1000,
    "model.safetensors": b"safe" * 1000,
    "README.md": b"read me",
    "tf_model.h5": b"other" * 1000,
}


class Hub:
    """Repositories of one revision, as the hub's interface shows them."""

    def __init__(self):
        self.models = {"org/tiny": dict(MODEL)}
        self.closed = set()  # not for everybody
        self.asked = []


def handler_of(hub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, content, status=200, **headers):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def do_GET(self):
            path = self.path.partition("?")[0].strip("/")
            hub.asked.append(path)
            api = path.startswith("api/models/")
            org, name, *rest = path[len("api/models/") :].split("/") if api else path.split("/")
            files = hub.models.get(f"{org}/{name}")
            if f"{org}/{name}" in hub.closed:
                self.answer(b"{}", 403, X_Error_Code="GatedRepo")
            elif files is None:
                self.answer(b"{}", 401, X_Error_Code="RepoNotFound")
            elif len(rest) > 1 and rest[1] not in ("main", COMMIT):
                self.answer(b"{}", 404, X_Error_Code="RevisionNotFound")
            elif api and "tree" in rest:
                entries = [
                    {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                    for file, content in files.items()
                ]
                self.answer(json.dumps(entries).encode(), Content_Type="application/json")
            elif api:
                self.answer(
                    json.dumps({"id": f"{org}/{name}", "sha": COMMIT}).encode(), Content_Type="application/json"
                )
            else:
                content = files[rest[-1]]
                tag = hashlib.sha256(content).hexdigest()
                self.answer(content, X_Repo_Commit=COMMIT, ETag=f'"{tag}"', X_Linked_Etag=f'"{tag}"')

        do_HEAD = do_GET

        def log_message(self, *arguments):
            pass

    return Handler


@pytest.fixture
def hub():
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(hub))
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(hub, tmp_path, monkeypatch):
    """Function (checkpoint, offline, registry) → content of the receipt."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    place = constants.HUGGINGFACE_CO_URL_TEMPLATE.partition("/{repo_id}")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + place[1] + place[2])
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)

    def run(checkpoint, offline=False, registry=None):
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
        return fetch_checkpoint(checkpoint, registry or {}, tmp_path)

    return run


@pytest.fixture
def refusal(fetch):
    """Function (checkpoint, offline) → what is said where there is none."""

    def run(checkpoint, offline=False):
        with pytest.raises(AmelaError) as told:
            fetch(checkpoint, offline)
        return str(told.value)

    return run


def test_the_script_heeds_the_settings_of_the_hub(hub, tmp_path):
    """HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE, as a user gives them."""
    receipts = []
    for settings in ({"HF_HUB_DISABLE_XET": "1"}, {"HF_HUB_OFFLINE": "1"}):
        output = tmp_path / f"{len(receipts)}.json"
        subprocess.run(
            [sys.executable, SCRIPT, "--checkpoint", "org/tiny", "--folder", str(tmp_path), "--output", str(output)],
            env={**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.address, **settings},
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
    wanted = "config.json preprocessor_config.json processor_config.json model.safetensors pytorch_model.bin"
    assert f"hf download org/tiny {wanted} --revision v2" in told
    assert hub.asked == []


def test_a_cache_that_was_brought_here_by_hand(fetch, refusal, tmp_path):
    """Copied files without links, as from a disk that knows none."""
    snapshot = tmp_path / "home" / "hub" / "models--org--tiny" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(COMMIT)
    (snapshot / "config.json").write_bytes(MODEL["config.json"])
    assert "no config.json and model.safetensors or pytorch_model.bin in" in refusal("org/tiny", offline=True)
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
    assert "no config.json and model.safetensors or pytorch_model.bin in model org/data" in refusal("org/data")
