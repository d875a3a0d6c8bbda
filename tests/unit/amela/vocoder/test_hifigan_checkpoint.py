"""Mirrors workflow/scripts/amela/vocoder/hifigan_checkpoint.py."""

import json

import pytest
from tiny_vocoders import PLAIN, SLOW, STYLED, VOICES

from amela.checkpoints.receipt import make_receipt
from amela.errors import AmelaError, DataError
from amela.vocoder.hifigan_checkpoint import DurationConfig, files_of, index_of, read_config


@pytest.fixture
def receipt(tmp_path):
    """Receipt of empty files of these names."""

    def make(*names):
        for name in names:
            (tmp_path / name).touch()
        return make_receipt("it", [tmp_path / name for name in names])

    return make


def test_files_are_known_by_their_names(tmp_path, receipt):
    files = files_of(receipt("generator.pt", "config.json", "speakers.txt", "styles.txt", "README.md", "licence.txt"))
    found = [path.name for path in (files.generator, files.config, files.speakers, files.styles)]
    assert found == ["generator.pt", "config.json", "speakers.txt", "styles.txt"]
    files = files_of(receipt("g_500.PT", "some_config.json"))
    assert (files.generator.name, files.config.name) == ("g_500.PT", "some_config.json")
    assert files.speakers is None and files.styles is None
    for names, message in (
        (("generator.pt",), r"no configuration \(\*\.json\) among its files: generator\.pt — it"),
        (("config.json", "a.txt"), r"no generator \(\*\.pt\) among its files: a\.txt, config\.json"),
        (("a.pt", "b.pt", "config.json"), r"several files that may be its generator: .*a\.pt, .*b\.pt"),
    ):
        with pytest.raises(AmelaError, match=message):
            files_of(receipt(*names))


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, **changes):
        path = tmp_path / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps({**content, **changes}))
        return read_config(path)

    return write_and_read


def test_reads_what_the_original_reads(read):
    config = read(STYLED, f0=None, embedder_params={}, dur_predictor_params=None, lambda_fm=2)
    assert (config.k, config.hop_samples, config.inputs, config.speakers, config.styles) == (20, 320, 18, 3, 2)
    assert config.block_dilations == ((1, 3, 5),) * 3 and config.duration is None
    assert (read(PLAIN).speakers, read(SLOW).duration, read(SLOW).hop_samples) == (0, DurationConfig(10, 3), 640)
    silent = {key: value for key, value in STYLED.items() if not key.startswith("num_s")}
    silent.pop("sampling_rate"), silent.pop("resblock")
    assert (read(silent).speakers, read(silent).styles) == (200, 100)  # as the original has it


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"f0": True}, r"wants pitch \(f0\), which units do not have"),
        ({"embedder_params": {"a": 1}}, r"wants speaker embeddings \(embedder_params\)"),
        ({"resblock": "2"}, "residual blocks of type 2; only type 1 is known"),
        ({"sampling_rate": 22_050}, "speaks at 22050 Hz; AMELA works at 16000 Hz"),
        ({"model_in_dim": 80}, "model_in_dim is 80; units, speaker and style have 12 dimensions"),
        ({"upsample_rates": [5, 4]}, "not equally long"),
        ({"dur_predictor_params": {"var_pred_hidden_dim": 9, "var_pred_kernel_size": 5}}, "a kernel of 5, not 3"),
        ({"num_embeddings": None}, "no configuration of a unit HiFi-GAN"),
        ({"resblock_dilation_sizes": 3}, "no configuration of a unit HiFi-GAN"),
    ],
)
def test_what_cannot_be_is_refused(read, changes, message):
    with pytest.raises(AmelaError, match=message):
        read(VOICES, **changes)


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"upsample_rates": [5]}'])
def test_another_json_is_refused(read, content):
    with pytest.raises(DataError, match="no configuration of a unit HiFi-GAN: .* — .*config.json"):
        read(content)


def test_voices_are_chosen_by_name(tmp_path):
    path = tmp_path / "speakers.txt"
    path.write_text("anna\nbo \ncleo\n", encoding="utf-8")
    assert [index_of("speaker", name, path, 200) for name in (None, "anna", "bo", "cleo")] == [0, 0, 1, 2]
    assert [index_of("speaker", name, None, 3) for name in (None, "0", "2")] == [0, 0, 2]
    with pytest.raises(AmelaError, match="no speaker 'dora' — .*speakers.txt — choose one of anna, bo, cleo"):
        index_of("speaker", "dora", path, 200)
    with pytest.raises(AmelaError, match="no style '3' — choose one of 0, 1, 2"):
        index_of("style", "3", None, 3)
    assert index_of("style", None, path, 0) == 0
    with pytest.raises(AmelaError, match="style 'happy': this vocoder has no choice of it — set no style"):
        index_of("style", "happy", path, 0)
    with pytest.raises(DataError, match="3 names for the 2 of the generator"):
        index_of("speaker", None, path, 2)
