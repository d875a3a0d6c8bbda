"""Small language models and data for the tests of this folder."""

import numpy as np
import pytest
import torch

from amela.lm.data import TokenizedUtterance, frame_sequence
from amela.lm.model import LSTMLanguageModel
from amela.lm.settings import LMSettings
from amela.training.device import prepare_device
from amela.training.processes import Processes

VOCAB = 7


@pytest.fixture(scope="session")
def device():
    return prepare_device()


@pytest.fixture(scope="session")
def processes(device):
    return Processes(device)


@pytest.fixture(scope="session")
def make_settings():
    def make(**changes):
        small = {"tokens": "units", "embedding": 8, "hidden": 12, "layers": 2, "dropout": 0.3, "lr": 0.01, "batch": 4}
        rest = {"epochs": 4, "patience": 10, "valid": 0.2, "test": 0.2, "seed": 3}
        return LMSettings(**{**small, **rest, **changes})

    return make


@pytest.fixture
def model(device, make_settings):
    torch.manual_seed(0)
    return LSTMLanguageModel(VOCAB, make_settings()).to(device)


@pytest.fixture(scope="session")
def sequences():
    """Framed sequences of 0 to 19 tokens, in no order of length."""
    rng = np.random.default_rng(0)
    return [frame_sequence(rng.integers(0, VOCAB, length), VOCAB) for length in rng.permutation(20)]


@pytest.fixture(scope="session")
def make_utterance():
    def make(name, speaker=None, seconds=1.0, recording=None, corpus="a", tokens=(1, 2)):
        framed = frame_sequence(np.array(tokens, dtype=np.uint16), VOCAB)
        return TokenizedUtterance(corpus, name, framed, seconds, speaker, recording or name)

    return make
