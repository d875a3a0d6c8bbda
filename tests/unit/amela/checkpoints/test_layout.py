import json

import pytest

from amela.checkpoints.layout import borrowed, chosen, files_in, incomplete, lacking, language_model, model_files
from amela.errors import AmelaError

SALM = {"pretrained_llm": "org/language", "perception": {}}


@pytest.fixture
def folder(tmp_path):
    """Function (config, *names) → folder with these files."""

    def make(config, *names):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(name)
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    return make


def test_settings_of_a_processor_are_part_of_a_model():
    """Newer releases of transformers keep those of the feature extractor there."""
    present = ["model.safetensors", "processor_config.json", "tokenizer.json", "config.json"]
    assert model_files(present) == ["config.json", "processor_config.json", "model.safetensors"]


def test_one_archive_is_the_model(folder):
    """Also beside a copy of it in another form, as NVIDIA publishes Parakeet."""
    parakeet = folder({}, "model.safetensors", "tokenizer.json", "parakeet.nemo", "inner/other.nemo")
    assert chosen(files_in(parakeet), parakeet) == ["parakeet.nemo"]


def test_of_two_archives_none_is_guessed(folder):
    two = folder({}, "model.safetensors", "a.nemo", "b.nemo")
    with pytest.raises(AmelaError, match=r"2 archives: a\.nemo, b\.nemo .* name the path of one of them"):
        chosen(files_in(two), two)


def test_a_speech_model_with_its_language_model(folder):
    own = ["llm_backbone/config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
    others = ["README.md", "llm_backbone/model.safetensors", "llm_backbone/tokenizer.json", "run.py", "old.nemo"]
    salm = folder(SALM, "model.safetensors", *own, *others)
    names = chosen(files_in(salm), salm)
    assert sorted(names) == sorted(["config.json", "model.safetensors", *own])
    assert lacking(names) == {}


def test_half_a_tokenizer_is_none(folder):
    """All of it from one place: a vocabulary must not meet the settings of another."""
    salm = folder(SALM, "model.safetensors", "llm_backbone/config.json", "tokenizer_config.json", "vocab.json")
    names = chosen(files_in(salm), salm)
    assert sorted(names) == ["config.json", "llm_backbone/config.json", "model.safetensors"]
    assert {"tokenizer.json", "tokenizer_config.json", "vocab.json"} <= set(lacking(names))
    assert not any("/" in name for name in lacking(names))


def test_the_backbone_has_a_folder_of_its_own(folder, tmp_path_factory):
    """What is config.json there is not the config.json here."""
    there = tmp_path_factory.mktemp("language")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
        (there / name).touch()
    found = borrowed(["config.json", "model.safetensors"], there)
    assert found == {
        "llm_backbone/config.json": there / "config.json",
        "tokenizer.json": there / "tokenizer.json",
        "tokenizer_config.json": there / "tokenizer_config.json",
    }


def test_what_is_still_needed(folder):
    salm = folder(SALM, "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    files = {name: salm / name for name in chosen(files_in(salm), salm)}
    assert incomplete(files) == ["llm_backbone/config.json"]
    assert incomplete({**files, "llm_backbone/config.json": salm / "config.json"}) == []


@pytest.mark.parametrize("config", ["", "[]", "{}", '{"pretrained_llm": 3}', "\x80"])
def test_any_other_config_is_none_of_a_speech_model(tmp_path, config):
    (tmp_path / "config.json").write_bytes(config.encode("latin-1"))
    assert language_model(tmp_path) is None
    assert incomplete({"config.json": tmp_path / "config.json"}) == []


def test_code_that_comes_with_a_model_is_not_run(folder):
    with pytest.raises(AmelaError, match="trust_remote_code"):
        language_model(folder({**SALM, "trust_remote_code": True}))
