"""Mirrors workflow/scripts/amela/vocoder/hifigan_weights.py; whole checkpoints are tested in test_codehifigan.py."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from tiny_vocoders import STYLED, tensors, write_checkpoint

from amela.errors import DataError
from amela.vocoder.hifigan_checkpoint import read_config
from amela.vocoder.hifigan_weights import fold, load_generator


@pytest.fixture
def load(tmp_path):
    """Loads a generator from whatever stands in the checkpoint."""

    def build(content, config=STYLED):
        write_checkpoint(tmp_path, config)
        torch.save(content, tmp_path / "generator.pt")
        return load_generator(tmp_path / "generator.pt", read_config(tmp_path / "config.json"))

    return build


def test_folds_the_weight_norm():
    """Every output of a convolution, every input of a transposed one, has a norm of its own."""
    rng = np.random.default_rng(0)
    v, g = rng.normal(size=(3, 4, 5)).astype(np.float32), rng.uniform(0.5, 2, (3, 1, 1)).astype(np.float32)
    weights = {"a.weight_g": torch.from_numpy(g), "a.weight_v": torch.from_numpy(v), "b.bias": torch.ones(2)}
    folded = fold(weights, "here")
    assert sorted(folded) == ["a.weight", "b.bias"] and folded["b.bias"] is weights["b.bias"]
    for i in range(3):
        np.testing.assert_allclose(np.linalg.norm(folded["a.weight"][i]), g[i, 0, 0], rtol=1e-6)
        np.testing.assert_allclose(folded["a.weight"][i].numpy() / v[i], g[i, 0, 0] / np.linalg.norm(v[i]), rtol=1e-5)


def test_every_tensor_is_wanted_and_none_is_missing(load):
    whole = tensors(STYLED)
    generator = load({"generator": whole, "steps": 7})
    assert torch.equal(generator.style.weight, whole["style.weight"])
    assert not generator.training and not any(values.requires_grad for values in generator.parameters())
    without = {key: value for key, value in whole.items() if key != "resblocks.4.convs1.2.bias"}
    with pytest.raises(DataError, match=r"wants: resblocks\.4\.convs1\.2\.bias is missing — .*generator\.pt"):
        load({"generator": without})
    renamed = {**without, "resblocks.4.convs1.2.bios": whole["resblocks.4.convs1.2.bias"]}
    with pytest.raises(DataError, match=r"convs1\.2\.bias is missing; resblocks\.4\.convs1\.2\.bios is not wanted"):
        load({"generator": renamed})
    with pytest.raises(DataError, match=r"spkr\.weight has shape \(4, 6\), not \(3, 6\)"):
        load({"generator": {**whole, "spkr.weight": torch.zeros(4, 6)}})
    with pytest.raises(DataError, match=r"conv_post\.weight_v without conv_post\.weight_g"):
        load({"generator": {key: value for key, value in whole.items() if key != "conv_post.weight_g"}})
    few = {key: value for key, value in whole.items() if not key.startswith("ups.")}
    with pytest.raises(DataError, match="ups.0.bias is missing; .* and 5 more"):
        load({"generator": few})


@pytest.mark.parametrize("content", [{"model": {}}, {"generator": [1]}, {"generator": {"x": "y"}}, 3])
def test_a_checkpoint_of_something_else_is_refused(load, content):
    with pytest.raises(DataError, match="a checkpoint without a generator"):
        load(content)


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, 2))])
def test_nothing_in_a_checkpoint_is_executed(tmp_path, save):
    write_checkpoint(tmp_path, STYLED)
    save({"generator": {**tensors(STYLED), "x": Malicious(str(tmp_path / "pwned"))}}, tmp_path / "generator.pt")
    with pytest.raises(DataError, match="no checkpoint that can be read safely"):
        load_generator(tmp_path / "generator.pt", read_config(tmp_path / "config.json"))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "pickled",
    [
        pickle.MARK + pickle.TUPLE + pickle.REDUCE,  # a call of nothing: IndexError
        b"ctorch._utils\n_rebuild_tensor_v2\n" + pickle.EMPTY_TUPLE + pickle.REDUCE,  # without arguments: TypeError
        pickle.BINGET + b"\x07",  # what was never put: KeyError
    ],
)
def test_a_crafted_file_is_refused_whatever_it_brings_up(tmp_path, pickled):
    write_checkpoint(tmp_path, STYLED)
    path = tmp_path / "generator.pt"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, b"\x80\x02" + pickled + b"." if name.endswith("data.pkl") else content)
    with pytest.raises(DataError, match=r"no checkpoint that can be read safely: .*generator\.pt"):
        load_generator(path, read_config(tmp_path / "config.json"))


@pytest.mark.parametrize("n_bytes", [0, 10, 5_000])
def test_a_torn_file_is_refused(tmp_path, n_bytes):
    write_checkpoint(tmp_path, STYLED)
    path = tmp_path / "generator.pt"
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(DataError, match=r"no checkpoint that can be read safely: .*generator\.pt"):
        load_generator(path, read_config(tmp_path / "config.json"))
