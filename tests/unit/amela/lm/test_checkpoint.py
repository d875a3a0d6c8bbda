import dataclasses
import pickle

import pytest
import torch

from amela.errors import AmelaError, DataError
from amela.io.holder import Holder
from amela.io.lock import OutputLock
from amela.lm.checkpoint import Checkpoint, ResumePoint, load_model, save_model

SOURCE = {"kind": "units", "hop": 0.02, "vocab_size": 7, "fingerprint": {"sha256": "f"}, "deduplicate": True}


@pytest.fixture
def checkpoint(model, make_settings):
    return Checkpoint(model, make_settings(), SOURCE, "digest")


def test_what_was_saved_comes_back(checkpoint, tmp_path, device):
    save_model(tmp_path / "model.pt", checkpoint)
    loaded = load_model(tmp_path / "model.pt", device)
    assert (loaded.settings, loaded.source, loaded.data) == (checkpoint.settings, SOURCE, "digest")
    state = checkpoint.model.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in loaded.model.state_dict().items())


def test_equal_models_are_equal_files_whatever_their_name(checkpoint, tmp_path):
    save_model(tmp_path / "a" / "model.pt", checkpoint)
    save_model(tmp_path / "b" / "other.pt", checkpoint)
    assert (tmp_path / "a" / "model.pt").read_bytes() == (tmp_path / "b" / "other.pt").read_bytes()


@pytest.mark.parametrize("fault", ["missing", "unexpected"])
def test_weights_must_fit_exactly(checkpoint, tmp_path, device, fault):
    path = tmp_path / "model.pt"
    save_model(path, checkpoint)
    stored = torch.load(path, weights_only=True)
    if fault == "missing":
        del stored["state"]["output.bias"]
    else:
        stored["state"]["output.more"] = torch.zeros(1)
    torch.save(stored, path)
    with pytest.raises(DataError, match="output\\.(bias|more)"):
        load_model(path, device)


class Code:
    def __reduce__(self):
        return exec, ("raise AssertionError('the file was run')",)


@pytest.mark.parametrize("content", [b"", b"no model", pickle.dumps(Code(), 2), pickle.dumps({"settings": {}}, 2)])
def test_other_files_are_refused_without_running_them(tmp_path, device, content):
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no readable language model"):
        load_model(path, device)


def test_a_resume_point_lies_hidden_beside_the_model_and_goes(tmp_path):
    with ResumePoint(tmp_path / "point" / "model.pt", {"data": "d"}) as resume:
        assert resume.load() is None
        resume.save({"history": [1, 2]})
        assert sorted(path.name for path in (tmp_path / "point").iterdir()) == [".model.pt.lock", ".resume.pt"]
        assert resume.load() == {"history": [1, 2]}
        assert ResumePoint(tmp_path / "point" / "model.pt", {"data": "other"}).load() is None
        resume.remove()
    assert list((tmp_path / "point").iterdir()) == []


def test_after_another_took_over_a_resume_point_is_left_alone(tmp_path):
    with ResumePoint(tmp_path / "model.pt", {}) as resume:
        resume.save({"history": [1]})
        other = dataclasses.replace(Holder.here(), token="other").to_json()
        OutputLock(tmp_path / "model.pt").path.write_text(other, encoding="utf-8")
        for write in (resume.check, lambda: resume.save({"history": [2]}), resume.remove):
            with pytest.raises(AmelaError, match="another took over"):
                write()
        assert resume.load() == {"history": [1]}
