"""Mirrors workflow/scripts/amela/vocoder/textless.py; what textlesslib itself says is compared in docs/fidelity.md."""

import sys
import types

import numpy as np
import pytest
import torch
from tiny_vocoders import SLOW, STYLED, make_units_codebook, random_units, write_checkpoint

from amela.errors import AmelaError, Rejected
from amela.textlesslib import CHECKPOINTS
from amela.vocoder import Origin, load_vocoder

from .conftest import speak


class Original(torch.nn.Module):
    """In place of textlesslib's class: each unit sounds for 320 samples, as loud as it, speaker and style."""

    def __init__(self, model, config, speakers, styles):
        super().__init__()
        self.files, self.heard = [path and path.rpartition("/")[2] for path in (model, config, speakers, styles)], []

    def forward(self, code, speaker_id=0, style_id=0, f0=None, dur_prediction=False):
        self.heard.append((code.tolist(), speaker_id, style_id, dur_prediction))
        return (code[0].repeat_interleave(640 if dur_prediction else 320) + 100 * speaker_id + 200 * style_id) / 1_000


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Builds a vocoder on a checkpoint, with the class above in textlesslib's place."""
    monkeypatch.setenv(CHECKPOINTS, str(tmp_path))
    for name in ("textless", "textless.vocoders", "textless.vocoders.hifigan", "textless.vocoders.hifigan.vocoder"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["textless.vocoders.hifigan.vocoder"].CodeHiFiGANVocoder = Original

    def build(config, hop, **options):
        receipt = write_checkpoint(tmp_path / "model", config)
        make_units_codebook(tmp_path / "codebook.parquet", hop)
        return load_vocoder({"backend": "textless", **options}, receipt, Origin(tmp_path / "codebook.parquet"))

    return build


def test_every_unit_reaches_the_original_with_the_voice(make):
    vocoder, units = make(STYLED, 0.02, speaker="cleo", style="read-happy"), random_units(20)
    samples = speak(vocoder, units, 20 * 320 + 90)
    assert vocoder._model.files == ["generator.pt", "config.json", "speakers.txt", "styles.txt"]
    assert vocoder._model.heard == [([units.tolist()], 2, 1, False)]
    assert samples.shape == (6_490,) and not samples[6_400:].any()
    np.testing.assert_allclose(samples[:6_400], np.repeat(units.astype(np.float32) + 400, 320) / 1_000)
    with pytest.raises(Rejected, match="no units"):
        speak(vocoder, units[:0], 0)


def test_only_predicted_durations_take_the_repeats_away(make):
    vocoder = make(SLOW, 0.04, durations="predicted")
    samples = speak(vocoder, np.array([3, 3, 3, 5, 3], np.uint16), 5 * 640)
    assert vocoder._model.heard == [([[3, 5, 3]], 0, 0, True)] and len(samples) == 3 * 640
    assert vocoder._model.files == ["generator.pt", "config.json", None, None]


def test_without_textlesslib_it_names_the_backend_that_needs_none(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "textless", None)
    monkeypatch.delitem(sys.modules, "textless.vocoders.hifigan.vocoder")
    with pytest.raises(
        AmelaError, match=r"cannot load this checkpoint: .*textless.* — .*generator\.pt — use backend: codehif"
    ):
        make(STYLED, 0.02)
