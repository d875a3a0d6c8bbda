import dataclasses
import hashlib
import socket

import pytest

from amela.checkpoints.fetch import fetch_checkpoint
from amela.checkpoints.receipt import content_sha256, read_receipt, write_receipt
from amela.checkpoints.registry import Row
from amela.errors import AmelaError

FILES = {"generator.pt": b"weights" * 1000, "config.json": b"{}", "speakers.txt": b"ex01\n"}


def row(name, file, source, content=None, size=None, **cells):
    facts = {"licence": "MIT", "layer": 12, "hop": 0.02, "of": ("km",), **cells}
    digest = None if content is None else hashlib.sha256(content).hexdigest()
    return Row(name, "vocoder", file, source, None, digest, size, **facts)


@pytest.fixture
def registry(site):
    site.files.update(FILES)
    return {"hifigan": [row("hifigan", name, site.url(name), content) for name, content in FILES.items()]}


def test_every_file_of_a_name(registry, tmp_path):
    write_receipt(tmp_path / "receipt.json", fetch_checkpoint("hifigan", registry, tmp_path / "checkpoints"))
    receipt = read_receipt(tmp_path / "receipt.json")
    assert receipt.name == "hifigan"
    assert {name: path.read_bytes() for name, path in receipt.files.items()} == FILES
    assert {path.parent for path in receipt.files.values()} == {tmp_path / "checkpoints" / "hifigan"}
    assert (receipt.layer, receipt.hop, receipt.of) == (12, 0.02, ("km",))


def test_the_receipt_does_not_depend_on_how_files_came(registry, site, tmp_path):
    first = fetch_checkpoint("hifigan", registry, tmp_path)
    asked = len(site.asked)
    assert fetch_checkpoint("hifigan", registry, tmp_path) == first
    assert len(site.asked) == asked


def test_without_a_network_it_says_what_to_put_where(site, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    rows = [row("hifigan", name, f"{closed}/a/{name}", content) for name, content in FILES.items()]
    (tmp_path / "hifigan").mkdir()
    (tmp_path / "hifigan" / "speakers.txt").write_bytes(FILES["speakers.txt"])
    with pytest.raises(AmelaError) as told:
        fetch_checkpoint("hifigan", {"hifigan": rows}, tmp_path)
    message = str(told.value)
    for name in ("generator.pt", "config.json"):
        assert f"{closed}/a/{name} as {name} (sha256 {hashlib.sha256(FILES[name]).hexdigest()})" in message
    assert "speakers.txt" not in message
    assert f"put it into {tmp_path / 'hifigan'}" in message


def test_put_there_by_hand(site, tmp_path):
    rows = [row("hifigan", "config.json", "http://127.0.0.1:9/config.json", b"{}")]
    (tmp_path / "hifigan").mkdir()
    (tmp_path / "hifigan" / "config.json").write_bytes(b"{}")
    assert fetch_checkpoint("hifigan", {"hifigan": rows}, tmp_path)["name"] == "hifigan"
    (tmp_path / "hifigan" / "config.json").write_bytes(b"[]")
    with pytest.raises(AmelaError, match="not the file it should be"):
        fetch_checkpoint("hifigan", {"hifigan": rows}, tmp_path)


def test_files_that_the_registry_knows_by_their_content(registry, tmp_path):
    """A copy of a known checkpoint, named by its place, has its name, and the facts with it."""
    there = tmp_path / "elsewhere"
    there.mkdir()
    for name, content in FILES.items():
        (there / f"our-{name}").write_bytes(content)
    content = fetch_checkpoint(str(there), registry, tmp_path)
    assert (content["name"], content["of"], content["licence"]) == ("hifigan", ("km",), "MIT")
    (there / "our-config.json").write_bytes(b"[]")
    content = fetch_checkpoint(str(there), registry, tmp_path)
    assert (content["name"], content["of"], content["licence"]) == (str(there), (), None)


def test_a_file_of_another_size_than_the_registry_says(site, tmp_path):
    site.files["a.pt"] = b"12345"
    rows = {"a": [row("a", "a.pt", site.url("a.pt"), size=6)]}
    with pytest.raises(AmelaError, match="it has 5 bytes, expected 6"):
        fetch_checkpoint("a", rows, tmp_path)


def test_a_folder_with_a_model_of_the_hub_is_known_by_its_content(tmp_path):
    """The registry's digest of a repository is that of all its files."""
    model = {"config.json": b"{}", "preprocessor_config.json": b"[]", "model.safetensors": b"weights"}
    for name, content in {**model, "README.md": b"read me"}.items():
        (tmp_path / name).write_bytes(content)
    digest = content_sha256({name: hashlib.sha256(content).hexdigest() for name, content in model.items()})
    known = dataclasses.replace(row("small", "", "hub:org/small"), sha256=digest)
    assert fetch_checkpoint(str(tmp_path), {"small": [known]}, tmp_path)["name"] == "small"
    (tmp_path / "config.json").write_bytes(b"[]")
    assert fetch_checkpoint(str(tmp_path), {"small": [known]}, tmp_path)["name"] == str(tmp_path)


def test_a_file_whose_digest_nobody_knows_is_recognised_by_nobody(tmp_path):
    rows = {"unsure": [row("unsure", "a.pt", "https://x.org/a.pt")]}
    (tmp_path / "a.pt").write_bytes(b"")
    assert fetch_checkpoint(str(tmp_path / "a.pt"), rows, tmp_path)["name"] == str(tmp_path / "a.pt")


def test_a_file_beside_is_named_as_a_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").write_bytes(b"x")
    assert fetch_checkpoint("weights", {}, tmp_path)["name"] == "./weights"


@pytest.mark.parametrize("given", ["/nothing/here.pt", "./nothing"])
def test_no_such_file(tmp_path, given):
    with pytest.raises(AmelaError, match="no file, and no folder"):
        fetch_checkpoint(given, {}, tmp_path)


def test_an_empty_folder(tmp_path):
    with pytest.raises(AmelaError, match="no file, and no folder with files"):
        fetch_checkpoint(str(tmp_path), {}, tmp_path)


def test_an_unknown_name(tmp_path):
    with pytest.raises(AmelaError, match="unknown checkpoint 'nothing'"):
        fetch_checkpoint("nothing", {}, tmp_path)
