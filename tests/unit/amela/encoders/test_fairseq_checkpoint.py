"""Reading fairseq's checkpoints: both forms of settings, old and new files, and nothing of what a file may ask for."""

import os
import pickle
import sys
import types
import zipfile

import pytest
import torch
from oracles.fairseq_layout import MODEL, TASK, tensors, write

from amela.encoders.fairseq_checkpoint import read_checkpoint
from amela.errors import DataError


class Asks:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def mark(tmp_path):
    """A file that a malicious checkpoint would make."""
    path = tmp_path / "executed"
    yield path
    assert not path.exists()


@pytest.mark.parametrize("form", ["args", "cfg"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_tensors_and_settings_come_back(tmp_path, form, zipped):
    path = write(tmp_path / "model.pt", form=form, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    expected = tensors()
    assert read.tensors.keys() == expected.keys()
    assert all(torch.equal(read.tensors[name], value) for name, value in expected.items())
    settings = {**MODEL, "latent_temp": list(MODEL["latent_temp"])}
    assert {name: read.model[name] for name in settings if name != "_name"} == {
        name: value for name, value in settings.items() if name != "_name"
    }
    assert {name: read.task[name] for name in ("sample_rate", "normalize", "labels")} == {
        name: TASK[name] for name in ("sample_rate", "normalize", "labels")
    }


def test_objects_of_fairseq_are_kept_without_being_imported(tmp_path, mark, monkeypatch):
    """Even where a module of that name can be imported and its function called."""
    module = types.ModuleType("fairseq.data.dictionary")
    exec("class Dictionary: pass\ndef touch(path):\n    open(path, 'w').close()", module.__dict__)
    monkeypatch.setitem(sys.modules, "fairseq", types.ModuleType("fairseq"))
    monkeypatch.setitem(sys.modules, "fairseq.data", types.ModuleType("fairseq.data"))
    monkeypatch.setitem(sys.modules, "fairseq.data.dictionary", module)
    dictionary = module.Dictionary()
    dictionary.symbols = ["<s>", "a"]
    beside = {"task_state": {"dictionaries": [dictionary, Asks(module.touch, str(mark))]}}
    read = read_checkpoint(write(tmp_path / "model.pt", beside=beside))
    assert read.model["encoder_layers"] == MODEL["encoder_layers"]


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize(
    "function, argument, name",
    [
        (os.system, "touch {}", f"{os.system.__module__}.system"),
        (eval, "open({!r}, 'w')", "builtins.eval"),
        (exec, "open({!r}, 'w')", "builtins.exec"),
        (os.makedirs, "{}", "os.makedirs"),
        (pickle.loads, "{}", "_?pickle.loads"),
    ],
    ids=["os.system", "eval", "exec", "os.makedirs", "pickle.loads"],
)
def test_what_is_not_fairseqs_is_refused_by_name(tmp_path, mark, function, argument, name, zipped, protocol):
    asks = Asks(function, argument.format(str(mark)))
    options = {"_use_new_zipfile_serialization": zipped, "pickle_protocol": protocol}
    path = write(tmp_path / "model.pt", beside={"extra_state": asks}, **options)
    with pytest.raises(DataError, match=rf"asks for {name}.*nothing was executed"):
        read_checkpoint(path)
    path = write(tmp_path / "model.pt", model={"mask_emb": asks}, **options)
    with pytest.raises(DataError, match=rf"asks for {name}"):
        read_checkpoint(path)


def test_a_function_of_torch_that_is_no_part_of_tensors_is_refused_by_name(tmp_path, mark):
    path = write(tmp_path / "model.pt", beside={"extra_state": Asks(torch.save, 1, str(mark))})
    with pytest.raises(DataError, match=r"asks for torch\.serialization\.save, which PyTorch refuses"):
        read_checkpoint(path)


def test_a_stand_in_lends_no_attribute_that_could_be_called(tmp_path, mark):
    """A pickle that fetches ``getattr`` to climb from a harmless object to a dangerous one."""
    path = write(tmp_path / "model.pt", beside={"extra_state": Asks(getattr, "text", "join")})
    with pytest.raises(DataError, match=r"builtins\.getattr"):
        read_checkpoint(path)


def test_files_that_are_something_else_are_refused(tmp_path):
    path = tmp_path / "file.pt"
    for content in (b"", b"RIFF\x00\x00\x00\x00WAVE", b"\x80\x02}q\x00."):
        path.write_bytes(content)
        with pytest.raises(DataError, match="no readable checkpoint"):
            read_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(DataError, match="no readable checkpoint"):
        read_checkpoint(path)
    with pytest.raises(DataError, match="no readable checkpoint"):
        read_checkpoint(tmp_path / "gone.pt")


def test_a_cut_off_file_is_refused(tmp_path):
    path = write(tmp_path / "model.pt")
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(DataError, match="no readable checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize("key", ["cfg", "args"])
def test_settings_that_contain_themselves_are_refused(tmp_path, key):
    settings = {}
    settings["model"] = [settings]
    torch.save({"model": {}, key: settings}, tmp_path / "model.pt")
    with pytest.raises(DataError, match=r"settings that contain themselves: not a checkpoint of fairseq — .*model\.pt"):
        read_checkpoint(tmp_path / "model.pt")


def test_files_of_pytorch_that_are_not_fairseqs_are_refused(tmp_path):
    path = tmp_path / "file.pt"
    for content, why in (
        ([1, 2], "no entry 'model'"),
        ({"state_dict": {}}, "no entry 'model'"),
        ({"model": {"weight": 3}}, "'weight' is no tensor"),
        ({"model": {"weight": torch.ones(1)}}, "no settings"),
        ({"model": {}, "cfg": {"model": {}, "task": 3}}, "no settings"),
    ):
        torch.save(content, path)
        with pytest.raises(DataError, match=f"{why}.*not a checkpoint of fairseq"):
            read_checkpoint(path)
