"""What textlesslib and fairseq do to a process, and how they fail, does not reach further than loading."""

import logging
import os
from contextlib import nullcontext

import pytest

from amela.errors import AmelaError
from amela.textlesslib import CHECKPOINTS, loading


@pytest.fixture(autouse=True)
def untouched(monkeypatch):
    monkeypatch.setenv(CHECKPOINTS, "/before")  # so that it is put back
    monkeypatch.delenv(CHECKPOINTS)
    monkeypatch.setattr(logging.root, "level", logging.root.level)


def test_its_folder_is_that_of_the_checkpoint_unless_it_is_set(tmp_path):
    with loading(tmp_path / "model.pt", "use another"):
        assert os.environ[CHECKPOINTS] == str(tmp_path)
    with loading(tmp_path / "other" / "model.pt", "use another"):
        assert os.environ[CHECKPOINTS] == str(tmp_path)


@pytest.mark.parametrize("error", [None, ValueError("no")])
def test_the_level_of_logs_is_what_it_was(tmp_path, error):
    before = logging.root.level
    with pytest.raises(AmelaError) if error else nullcontext(), loading(tmp_path / "model.pt", "use another"):
        logging.root.setLevel(before + 5)
        if error:
            raise error
    assert logging.root.level == before


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ImportError("No module named 'textless'"), "No module named 'textless'"),
        (KeyError(), r"KeyError\(\)"),
        (ValueError("many words " * 100), r"many words [a-z ]{,300}\[\.\.\.\]"),
    ],
)
def test_whatever_it_raises_names_the_checkpoint_and_the_way_out(tmp_path, error, what):
    told = rf"cannot load this checkpoint: {what} — .*model\.pt — use another$"
    with pytest.raises(AmelaError, match=told), loading(tmp_path / "model.pt", "use another"):
        raise error
