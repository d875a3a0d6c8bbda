"""Mirrors amela/export/upstream.py: the folder, loaded as s3prl and torch.hub load it."""

import importlib
import json
import shutil
import sys

import pytest

from amela.export.upstream import SCRIPTS, entry_name, write_upstream

SPEC = {"backend": "logmel", "hop": 0.02, "normalize": "none"}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "results" / "exports" / "my-upstream" / "s3prl"
    path.mkdir(parents=True)
    write_upstream(path, path, "my-upstream", SPEC, None, "encode-spectral")
    return path


@pytest.fixture
def apart(monkeypatch):
    """What is imported of the folder is forgotten after the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in (
        "expert",
        "hubconf",
        "package",
        "package.upstream",
        "package.upstream.hubconf",
        "package.upstream.expert",
    ):
        sys.modules.pop(name, None)


def check(upstream):
    torch = pytest.importorskip("torch")
    (hidden_BTD,) = upstream([torch.ones(16_000)])["hidden_states"]
    assert hidden_BTD.shape == (1, 50, 80) and upstream.get_downsample_rates("PR") == 320


def test_torch_hub_loads_it(folder, apart):
    torch = pytest.importorskip("torch")
    check(torch.hub.load(str(folder), "amela_my_upstream", source="local", trust_repo=True))


def test_it_is_loaded_as_a_package_by_way_of_a_link(folder, apart, tmp_path):
    """As s3prl/hub.py does with the folders of s3prl/upstream."""
    pytest.importorskip("torch")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "upstream").symlink_to(folder)
    sys.path.insert(0, str(tmp_path))
    hubconf = importlib.import_module("package.upstream.hubconf")
    assert [name for name in vars(hubconf) if not name.startswith("_")] == ["amela_my_upstream"]
    check(hubconf.amela_my_upstream(ckpt=None, model_config=None, refresh=False))


def test_the_scripts_beside_the_package_are_no_modules_of_s3prl(folder, apart):
    """features.py and export.py, whatever s3prl's environment calls so."""
    torch = pytest.importorskip("torch")
    sys.path[:] = [path for path in sys.path if path != str(SCRIPTS)]
    before = list(sys.path)
    check(torch.hub.load(str(folder), "amela_my_upstream", source="local", trust_repo=True))
    assert sys.path == before


def test_a_clone_can_be_moved_as_a_whole(tmp_path):
    names = ("clone", "moved")
    for name in names:
        folder = tmp_path / name / "results" / "s3prl"
        folder.mkdir(parents=True)
        receipt = tmp_path / name / "results" / "models" / "checkpoint.json"
        write_upstream(folder, folder, "x", SPEC, receipt, "encode-spectral")
    settings = [
        json.loads((tmp_path / name / "results/s3prl/settings.json").read_text()) for name in ("clone", "moved")
    ]
    assert settings[0] == settings[1]
    assert settings[0]["checkpoint"] == "../models/checkpoint.json"
    assert (folder / settings[0]["scripts"]).resolve() == SCRIPTS


def test_the_folder_that_is_written_need_not_be_the_final_one(folder, tmp_path):
    part = tmp_path / "elsewhere" / "deep" / "part"
    part.mkdir(parents=True)
    write_upstream(part, folder, "my-upstream", SPEC, None, "encode-spectral")
    assert (part / "settings.json").read_text() == (folder / "settings.json").read_text()
    shutil.rmtree(part)


def test_the_readme_says_how_and_that_features_are_not_normalised(folder):
    assert f'torch.hub.load("{folder}", "amela_my_upstream"' in (folder / "README.md").read_text()
    write_upstream(folder, folder, "x", {**SPEC, "normalize": "speaker"}, None, "encode-spectral")
    assert "not normalised by speaker" in (folder / "README.md").read_text()


def test_the_entry_is_a_name_of_python():
    assert entry_name("my-upstream-2").isidentifier()
