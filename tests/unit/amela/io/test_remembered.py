"""What is kept of source files between starts never outlives them."""

import json
import os

import pytest

from amela import provenance
from amela.io.remembered import MOST, Module, Remembered
from amela.provenance import code_digest


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Function () → digest of a script as a new process finds it, which leaves what it remembers."""
    (tmp_path / "amela").mkdir()
    (tmp_path / "amela" / "part.py").write_text("VALUE = 1\n")
    (tmp_path / "stage.py").write_text("import amela.part\n")

    def digest():
        kept = Remembered(tmp_path / "kept.json", "1")
        monkeypatch.setattr(provenance, "remembered_modules", lambda: kept)
        for function in (code_digest, provenance._module, provenance._first_party):
            function.cache_clear()
        found = code_digest("stage", root=tmp_path)
        kept.save()
        return found

    return digest


def test_a_second_start_parses_nothing_and_finds_the_same(start, monkeypatch):
    first = start()
    monkeypatch.setattr(provenance.ast, "parse", None)
    assert start() == first


def test_an_edited_module_counts_at_once(start, tmp_path):
    first = start()
    part = tmp_path / "amela" / "part.py"
    times = part.stat()
    part.write_text("VALUE = 2\n")
    os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))  # as old and as long as before
    second = start()
    assert second != first
    part.write_text("VALUE = 1  # as before\n")
    assert start() == first


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "1"}', '{"version": "1", "modules": {"a": 3}}'])
def test_a_broken_file_is_as_an_empty_one(start, tmp_path, content):
    first = start()
    (tmp_path / "kept.json").write_text(content)
    assert start() == first
    assert json.loads((tmp_path / "kept.json").read_text())["modules"]


def test_what_another_version_found_does_not_count(tmp_path):
    old = Remembered(tmp_path / "kept.json", "1")
    old.put("source", Module("shape", ("os",)))
    old.save()
    assert Remembered(old.path, "1").get("source") == Module("shape", ("os",))
    assert Remembered(old.path, "2").get("source") is None


def test_the_file_does_not_grow_for_ever(tmp_path):
    kept = Remembered(tmp_path / "kept.json", "1")
    for number in range(MOST + 10):
        kept.put(str(number), Module("shape", ()))
    kept.save()
    assert Remembered(kept.path, "1").get("9") is None
    assert Remembered(kept.path, "1").get("10") == Module("shape", ())


def test_a_place_that_cannot_be_written_does_not_matter(tmp_path):
    (tmp_path / "file").write_text("")
    kept = Remembered(tmp_path / "file" / "kept.json", "1")
    kept.put("source", Module("shape", ()))
    kept.save()
    assert os.listdir(tmp_path) == ["file"]
