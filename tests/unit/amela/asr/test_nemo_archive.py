"""Mirrors workflow/scripts/amela/asr/nemo_archive.py."""

import io
import os
import shutil
import tarfile

import pytest

from amela.errors import AmelaError

torch = pytest.importorskip("torch")
yaml = pytest.importorskip("yaml")
pytest.importorskip("nemo")
from tiny_hearing import CLIPS  # noqa: E402
from tiny_tdt import save_tiny_tdt  # noqa: E402

from amela.asr.nemo_archive import CONFIG, WEIGHTS, NemoArchive  # noqa: E402


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "tiny.nemo"
    save_tiny_tdt(path, CLIPS, steps=0)
    return path


@pytest.fixture
def made(untrained, tmp_path):
    """Function that makes an archive from the untrained one: with other members, another configuration or weights."""

    def make(members=(), config=None, weights=None, without=(), mode="w"):
        folder, path = tmp_path / "content", tmp_path / "made.nemo"
        with tarfile.open(untrained) as tar:
            tar.extractall(folder, filter="data")
        if config:
            content = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
            config(content)
            (folder / CONFIG).write_text(yaml.safe_dump(content), "utf-8")
        if weights:
            content = torch.load(folder / WEIGHTS, weights_only=True)
            torch.save(weights(content), folder / WEIGHTS)
        for name in without:
            (folder / name).unlink()
        with tarfile.open(path, mode) as tar:
            tar.add(folder, arcname=".")
            for member, content in members:
                tar.addfile(member, io.BytesIO(content))
        return path

    return make


def member(name, kind=tarfile.REGTYPE, link="", size=0):
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


def restored(path):
    with NemoArchive(path) as archive:
        return archive.restore()


def refusal(path):
    """What is said of an archive, in one line that names it."""
    with pytest.raises(AmelaError) as refused:
        restored(path)
    said = str(refused.value)
    assert "\n" not in said and str(path) in said
    return said


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_every_weight_is_the_archives(untrained, made, mode):
    path = made(mode=mode)
    model = restored(path)
    with NemoArchive(untrained) as archive:
        weights = archive.weights()
    found = model.state_dict()
    assert set(found) == set(weights) and all(torch.equal(found[name], weights[name]) for name in weights)
    assert type(model).__name__ == "EncDecRNNTBPEModel" and len(model.tokenizer.vocab) == model.decoding.blank_id


def test_the_configuration_of_training_is_left_out(made):
    def trained_elsewhere(config):
        config["train_ds"] = {"_target_": "os.system", "manifest_filepath": "???"}
        config["optim"] = {"_target_": "os.system"}

    with NemoArchive(made(config=trained_elsewhere)) as archive:
        assert "encoder" in archive.config and not {"train_ds", "optim"} & set(archive.config)
        archive.restore()


@pytest.mark.parametrize(
    "outside, said",
    [
        (member("../outside"), "would leave"),
        (member("a/../../outside"), "would leave"),
        (member("/tmp/outside"), "would leave"),
        (member("link", tarfile.SYMTYPE, "/etc/passwd"), "no plain file"),
        (member("link", tarfile.LNKTYPE, "model_config.yaml"), "no plain file"),
        (member("pipe", tarfile.FIFOTYPE), "no plain file"),
        (member("device", tarfile.CHRTYPE), "no plain file"),
        (member(CONFIG), "twice"),
    ],
    ids=lambda value: value.name if isinstance(value, tarfile.TarInfo) else "",
)
def test_members_stay_in_the_archive(made, outside, said):
    path = made([(outside, b"")])
    message = refusal(path)
    assert said in message and repr(outside.name) in message
    assert not (path.parent.parent / "outside").exists()


def test_foreign_classes_are_refused(made):
    def foreign(config):
        config["encoder"]["_target_"] = "subprocess.check_output"

    assert "encoder._target_ names 'subprocess.check_output'" in refusal(made(config=foreign))


@pytest.mark.parametrize(
    "target",
    [
        "nemo.collections.asr.modules.ConformerEncoder",
        "nemo.collections.asr.models.unheard.EncDecRNNTBPEModel",
        "nemo.collections.asr.models.ctc_models.EncDecRNNTBPEModel",
        None,
    ],
)
def test_another_kind_of_model_is_refused(made, target):
    assert "model" in refusal(made(config=lambda config: config.update(target=target)))


class Code:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("forced", ["0", "1"])
def test_code_in_the_weights_is_not_run(made, tmp_path, monkeypatch, forced):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", forced)
    path = made(weights=lambda weights: {**weights, "more": Code(tmp_path / "ran")})
    assert "is not tensors alone: Trying to load unsupported GLOBAL posix.mkdir" in refusal(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "weights, said",
    [
        (lambda weights: {name: each for name, each in weights.items() if name != "joint.enc.bias"}, "joint.enc.bias"),
        (lambda weights: {name.replace("joint.", "jo."): each for name, each in weights.items()}, "lacks"),
        (lambda weights: {**weights, "joint.enc.bias": torch.zeros(3)}, "joint.enc.bias is (3,), in the model (64,)"),
        (lambda weights: {**weights, "joint.more": torch.zeros(3)}, 'Unexpected key(s) in state_dict: "joint.more"'),
        (lambda weights: {**weights, "joint.enc.bias": 3}, "no table of tensors"),
        (lambda weights: list(weights), "no table of tensors"),
    ],
    ids=["missing", "renamed", "shape", "surplus", "number", "list"],
)
def test_weights_that_are_not_the_models_are_refused(made, weights, said):
    assert said in refusal(made(weights=weights))


@pytest.mark.parametrize("without", [CONFIG, WEIGHTS])
def test_an_archive_without_its_parts_is_refused(made, without):
    assert f"it lacks {without}" in refusal(made(without=[without]))


def test_a_tokenizer_that_is_not_there_is_refused(made):
    def moved(config):
        config["tokenizer"]["model_path"] = "nemo:elsewhere.model"

    assert "'elsewhere.model'" in refusal(made(config=moved))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_a_file_that_ends_too_early_is_refused(untrained, tmp_path, share):
    path = tmp_path / "short.nemo"
    path.write_bytes(untrained.read_bytes()[: int(share * untrained.stat().st_size)])
    assert "fetch it again" in refusal(path)


def test_damaged_weights_are_refused(untrained, tmp_path):
    path = tmp_path / "damaged.nemo"
    shutil.copy(untrained, path)
    with tarfile.open(path) as tar:
        place = next(each for each in tar.getmembers() if each.name.endswith(WEIGHTS))
    with open(path, "r+b") as out:
        out.seek(place.offset_data + place.size - 200)
        out.write(bytes(200))
    assert WEIGHTS in refusal(path)
