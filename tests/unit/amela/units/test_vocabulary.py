"""The vocabulary on the disk: what it says about itself, and what it refuses."""

import json
import logging

import numpy as np
import pytest
import sentencepiece

from amela.errors import DataError
from amela.units.sample import open_sample
from amela.units.sequences import UnitShard, write_units
from amela.units.vocabulary import learn_vocabulary, load_vocabulary

FINGERPRINT = {"encoder": "abc", "sha256": "0" * 64}


@pytest.fixture
def sample(tmp_path):
    units = [np.array([0, 0, 1, 2, 3], np.uint16), np.array([3, 3], np.uint16)]
    write_units(tmp_path / "units", UnitShard(["a", "b"], units, 0.02, 4, FINGERPRINT))
    return open_sample([tmp_path / "units"], runs_as_one=True)


def save(folder, model, description):
    (folder / "bpe.model").write_bytes(model)
    (folder / "bpe.json").write_text(json.dumps(description))
    return folder / "bpe.model", folder / "bpe.json"


def load_size(model):
    return len(sentencepiece.SentencePieceProcessor(model_proto=model))


def test_description(sample, caplog):
    with caplog.at_level(logging.WARNING):
        model, description = learn_vocabulary(sample, 500, 64)
    del description["sha256"]
    assert description == {
        "asked": 500,
        "vocab_size": load_size(model),
        "deduplicate": True,
        "sentences": 2,
        "units": 5,
        "units_available": 5,
        "fingerprint": FINGERPRINT,
    }
    assert f"the data allow {load_size(model)} pieces, 500 were asked for" in caplog.text


def test_too_small_a_vocabulary_is_said(sample, caplog):
    with caplog.at_level(logging.WARNING):
        assert learn_vocabulary(sample, 3, 64)[1]["vocab_size"] == 5
    assert "3 pieces were asked for, and the 4 units need 5" in caplog.text


def test_load(sample, tmp_path):
    model, description = learn_vocabulary(sample, 500, 64)
    loaded = load_vocabulary(*save(tmp_path, model, description))
    assert loaded.bpe.vocab_size == load_size(model)
    assert loaded.fingerprint == {"units": FINGERPRINT, "deduplicate": True, "sha256": description["sha256"]}
    loaded.check_units(FINGERPRINT, tmp_path)
    with pytest.raises(DataError, match="sha256"):
        loaded.check_units({**FINGERPRINT, "sha256": "1" * 64}, tmp_path)


def test_a_model_of_another_description_is_refused(sample, tmp_path):
    model, _ = learn_vocabulary(sample, 500, 64)
    _, other = learn_vocabulary(sample, 6, 64)
    with pytest.raises(DataError, match="not the model"):
        load_vocabulary(*save(tmp_path, model, other))
