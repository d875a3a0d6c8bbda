import hashlib
import json

import pytest

from amela.checkpoints.receipt import (
    Facts,
    content_sha256,
    make_receipt,
    read_receipt,
    receipt_content,
    write_receipt,
)
from amela.errors import AmelaError, DataError
from amela.provenance import file_sha256


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    for name, content in (("config.json", b"{}"), ("model.safetensors", b"weights" * 100)):
        (folder / name).write_bytes(content)
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def written(tmp_path, files):
    facts = Facts("MIT", 9, 0.02, ("hubert", "hubert-hf"))
    digests = {name: file_sha256(path) for name, path in files.items()}
    path = tmp_path / "checkpoint.json"
    write_receipt(path, receipt_content("tiny", files, digests, facts))
    return path


def test_what_is_written_is_read(written, files):
    receipt = read_receipt(written)
    assert receipt == make_receipt("tiny", files.values(), Facts("MIT", 9, 0.02, ("hubert", "hubert-hf")))
    assert receipt.files == files
    assert (receipt.layer, receipt.hop, receipt.of) == (9, 0.02, ("hubert", "hubert-hf"))
    assert json.loads(written.read_text())["licence"] == "MIT"


def test_paths_are_absolute(files, monkeypatch):
    monkeypatch.chdir(files["config.json"].parent)
    assert make_receipt("x", ["config.json"]).files == {"config.json": files["config.json"]}


def test_names_may_lie_in_a_folder(tmp_path, files):
    """Two files of one name are two."""
    inner = tmp_path / "weights" / "llm_backbone" / "config.json"
    inner.parent.mkdir()
    inner.write_bytes(b"[]")
    receipt = make_receipt("salm", [*files.values(), inner], folder=tmp_path / "weights")
    assert receipt.files == {**files, "llm_backbone/config.json": inner}
    assert receipt.sha256 != make_receipt("salm", files.values()).sha256


def test_a_file_of_its_own_is_known_by_its_content_alone(files):
    config = files["config.json"]
    other = config.with_name("other.json")
    other.write_bytes(config.read_bytes())
    digest = hashlib.sha256(b"{}").hexdigest()
    assert make_receipt("x", [config]).sha256 == make_receipt("y", [other]).sha256 == digest


def test_several_files_are_known_by_names_and_contents():
    first = content_sha256({"a": "1" * 64, "b": "2" * 64})
    assert first == content_sha256({"b": "2" * 64, "a": "1" * 64})
    assert first != content_sha256({"a": "2" * 64, "b": "1" * 64})
    assert first != content_sha256({"a": "1" * 64, "c": "2" * 64})


def test_only_file(files):
    one, two = make_receipt("one", [files["config.json"]]), make_receipt("two", files.values())
    assert one.only_file() == files["config.json"]
    with pytest.raises(AmelaError, match=r"config\.json, model\.safetensors"):
        two.only_file()


@pytest.mark.parametrize(("name", "registered"), [("mms-300m", True), ("org/name", False), ("./weights.pt", False)])
def test_names_that_the_registry_knows(files, name, registered):
    assert make_receipt(name, files.values()).registered is registered


def test_a_file_that_is_gone(written, files):
    files["model.safetensors"].unlink()
    with pytest.raises(DataError, match=r"is gone.*model\.safetensors.*snakemake"):
        read_receipt(written)


def test_a_file_of_another_size(written, files):
    files["model.safetensors"].write_bytes(b"short")
    with pytest.raises(DataError, match="has 5 bytes; it had 700"):
        read_receipt(written)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "x", "sha256": "", "files": []}'])
def test_what_is_no_receipt(tmp_path, content):
    path = tmp_path / "checkpoint.json"
    path.write_text(content)
    with pytest.raises(DataError, match="no receipt"):
        read_receipt(path)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="no receipt"):
        read_receipt(tmp_path / "checkpoint.json")
