"""Speech models around a language model, from folders and from a hub on this machine."""

import dataclasses
import json
from pathlib import Path

import pytest

from amela.checkpoints.fetch import fetch_checkpoint
from amela.checkpoints.receipt import read_receipt, write_receipt
from amela.checkpoints.registry import read_registry
from amela.errors import AmelaError

pytest.importorskip("huggingface_hub")
COMMIT = "1234567890" * 4  # of the hub in conftest.py
CONFIG = json.dumps({"pretrained_llm": "org/language", "prompt_format": "qwen"}).encode()
SPEECH = {"config.json": CONFIG, "model.safetensors": b"speech" * 1000, "README.md": b"read me"}
LANGUAGE = {
    "config.json": b'{"model_type": "qwen3"}',
    "generation_config.json": b'{"do_sample": false}',
    "tokenizer.json": b'{"model": {}}',
    "tokenizer_config.json": b'{"eos_token": "<|im_end|>"}',
    "merges.txt": b"a b",
    "model.safetensors": b"language" * 1000,
    "modeling.py": b"raise SystemExit",
}
TAKEN = {
    **{name: SPEECH[name] for name in ("config.json", "model.safetensors")},
    **{f"llm_backbone/{name}": LANGUAGE[name] for name in ("config.json", "generation_config.json")},
    **{name: LANGUAGE[name] for name in ("tokenizer.json", "tokenizer_config.json", "merges.txt")},
}


@pytest.fixture(autouse=True)
def models(hub):
    hub.models.update({"org/speech": dict(SPEECH), "org/language": dict(LANGUAGE)})
    return hub.models


def lay(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return str(folder)


def contents(receipt):
    return {name: Path(file["path"]).read_bytes() for name, file in receipt["files"].items()}


def without_paths(receipt):
    files = {name: {**file, "path": None} for name, file in receipt["files"].items()}
    return {**receipt, "name": None, "files": files}


def test_configuration_and_tokenizer_and_no_weights(hub, fetch):
    assert contents(fetch("org/speech")) == TAKEN
    assert not any(path.startswith("org/language") and path.endswith((".safetensors", ".py")) for path in hub.asked)


def test_a_folder_that_has_all_gives_the_receipt_of_the_hub(hub, fetch, tmp_path):
    """But for the paths; and it asks nobody."""
    fetched = fetch("org/speech")
    hub.asked.clear()
    laid = fetch(lay(tmp_path / "speech", {**TAKEN, "llm_backbone/tokenizer.json": b"{}"}), offline=True)
    assert without_paths(laid) == without_paths(fetched)
    assert hub.asked == []


def test_a_repository_that_has_all_gives_it_too(models, fetch):
    fetched = fetch("org/speech")
    models["org/whole"] = {**TAKEN, "llm_backbone/model.safetensors": b"", "README.md": b""}
    assert without_paths(fetch("org/whole")) == without_paths(fetched)


def test_a_folder_without_it_takes_it_from_the_hub(fetch, tmp_path):
    laid = fetch(lay(tmp_path / "speech", SPEECH))
    assert without_paths(laid) == without_paths(fetch("org/speech"))
    assert laid["name"] == str(tmp_path / "speech")


@pytest.mark.parametrize("given", ["absolute", "relative"])
def test_a_folder_may_name_another_folder(hub, fetch, tmp_path, given):
    name = lay(tmp_path / "language", LANGUAGE) if given == "absolute" else "../language"
    lay(tmp_path / "language", LANGUAGE)
    config = json.dumps({"pretrained_llm": name}).encode()
    laid = fetch(lay(tmp_path / "speech", {**SPEECH, "config.json": config}), offline=True)
    assert contents(laid) == {**TAKEN, "config.json": config}


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_every_file_counts(fetch, tmp_path, name):
    """Another tokenizer is another model."""
    folder = tmp_path / "speech"
    first = fetch(lay(folder, TAKEN))["sha256"]
    (folder / name).write_bytes(TAKEN[name] + b"\n")
    assert fetch(str(folder))["sha256"] != first


def test_the_receipt_is_read_again(fetch, tmp_path):
    path = tmp_path / "checkpoint.json"
    write_receipt(path, fetch("org/speech"))
    receipt = read_receipt(path)
    assert {name: file.read_bytes() for name, file in receipt.files.items()} == TAKEN
    with pytest.raises(AmelaError, match="backend: canary-qwen"):
        receipt.only_file()
    receipt.files["llm_backbone/config.json"].write_bytes(b"")
    with pytest.raises(AmelaError, match="has 0 bytes"):
        read_receipt(path)


@pytest.mark.parametrize("named", ["../../etc", "/etc", "./language", "~/language", "a/../../etc", "org/..", "etc", ""])
def test_a_repository_names_no_file_of_this_machine(models, refusal, tmp_path, monkeypatch, named):
    """Nor one of its own choice on the hub's server."""
    for place in (tmp_path / "language", tmp_path / "etc"):
        lay(place, LANGUAGE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    models["org/speech"]["config.json"] = json.dumps({"pretrained_llm": named}).encode()
    told = refusal("org/speech")
    assert "pretrained_llm" in told or "no name of a model" in told


def test_a_folder_that_names_nothing(refusal, tmp_path):
    config = json.dumps({"pretrained_llm": str(tmp_path / "gone")}).encode()
    told = refusal(lay(tmp_path / "speech", {**SPEECH, "config.json": config}))
    assert "llm_backbone/config.json and tokenizer.json and tokenizer_config.json are not there" in told
    assert "gone" in told


def test_code_of_others_is_refused(models, refusal):
    models["org/speech"]["config.json"] = b'{"pretrained_llm": "org/language", "trust_remote_code": true}'
    assert "trust_remote_code" in refusal("org/speech")


def test_a_folder_without_weights(refusal, tmp_path):
    assert "no model.safetensors or pytorch_model.bin beside it" in refusal(
        lay(tmp_path / "s", {"config.json": CONFIG})
    )


def test_a_language_model_without_a_tokenizer(models, refusal):
    del models["org/language"]["tokenizer.json"]
    assert "no tokenizer.json in model org/language" in refusal("org/speech")


@pytest.fixture
def registry():
    """Ours, on the hub in conftest.py."""
    ours = read_registry()
    canary, qwen = ours["canary-qwen-2.5b"][0], ours["qwen3-1.7b"][0]
    rows = [
        dataclasses.replace(canary, source="hub:org/speech", revision=None),
        dataclasses.replace(qwen, source="hub:org/language", revision=COMMIT),
    ]
    return {row.name: [row] for row in rows}


def test_by_its_name_with_the_commit_of_the_registry(hub, fetch, registry):
    receipt = fetch("canary-qwen-2.5b", registry=registry)
    assert (receipt["name"], receipt["licence"], receipt["of"]) == ("canary-qwen-2.5b", "CC-BY-4.0", ("qwen3-1.7b",))
    assert contents(receipt) == TAKEN
    assert receipt == fetch("org/speech", registry=registry)
    wrong = {**registry, "qwen3-1.7b": [dataclasses.replace(registry["qwen3-1.7b"][0], revision="f" * 40)]}
    with pytest.raises(AmelaError, match=f"org/language, but not this revision — {'f' * 40}"):
        fetch("canary-qwen-2.5b", registry=wrong)


def test_offline_it_names_both_repositories(fetch, refusal, registry, hub):
    told = refusal("canary-qwen-2.5b", offline=True, registry=registry)
    assert "hf download org/speech config.json" in told
    assert "hf download org/language config.json generation_config.json tokenizer.json" in told
    assert f"--revision {COMMIT}" in told
    assert hub.asked == []
    fetch("canary-qwen-2.5b", registry=registry)
    hub.asked.clear()
    assert contents(fetch("canary-qwen-2.5b", offline=True, registry=registry)) == TAKEN
    assert hub.asked == []


def test_offline_only_the_language_model_is_missing(models, fetch, refusal, tmp_path):
    told = refusal(lay(tmp_path / "speech", SPEECH), offline=True)
    assert "model org/language, revision main is not in the hub's cache" in told
    assert "hf download org/language config.json generation_config.json tokenizer.json" in told


@pytest.mark.parametrize("where", ["hub", "folder"])
def test_a_damaged_tokenizer_in_the_cache(fetch, refusal, tmp_path, where):
    given = "org/speech" if where == "hub" else lay(tmp_path / "speech", SPEECH)
    Path(fetch(given)["files"]["tokenizer.json"]["path"]).resolve().write_bytes(b"evil")
    assert "damaged: its sha256 is" in refusal(given)


def test_a_repository_with_one_archive(models, hub, fetch):
    models["org/tdt"] = {**SPEECH, "config.json": b"{}", "tdt.nemo": b"archive"}
    assert contents(fetch("org/tdt")) == {"tdt.nemo": b"archive"}
    assert any(path.startswith("org/tdt") and path.endswith("tdt.nemo") for path in hub.asked)
    assert not any(path.endswith("model.safetensors") for path in hub.asked)
    assert contents(fetch("org/tdt", offline=True)) == {"tdt.nemo": b"archive"}


def test_a_repository_with_two_archives(models, hub, refusal):
    models["org/tdt"] = {"one.nemo": b"archive", "two.nemo": b"archive"}
    assert "2 archives: one.nemo, two.nemo" in refusal("org/tdt")
    assert not any(path.endswith(".nemo") for path in hub.asked)


def test_an_archive_here(tmp_path):
    lay(tmp_path, {"config.json": b"{}", "model.safetensors": b"", "tdt.nemo": b"archive"})
    folder = fetch_checkpoint(str(tmp_path), {}, tmp_path)
    file = fetch_checkpoint(str(tmp_path / "tdt.nemo"), {}, tmp_path)
    assert folder["files"] == file["files"]
    assert list(file["files"]) == ["tdt.nemo"]
    assert folder["sha256"] == file["sha256"] == file["files"]["tdt.nemo"]["sha256"]
    row = dataclasses.replace(read_registry()["parakeet-tdt-0.6b-v3"][0], sha256=file["sha256"])
    known = fetch_checkpoint(str(tmp_path), {row.name: [row]}, tmp_path)
    assert (known["name"], known["licence"]) == ("parakeet-tdt-0.6b-v3", "CC-BY-4.0")
