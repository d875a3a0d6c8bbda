"""Mirrors workflow/scripts/amela/vocoder/pretrained.py."""

import dataclasses
import logging
import re

import pytest
from tiny_vocoders import SLOW, STYLED, UNKNOWN, make_units_codebook, receipt_of, write_checkpoint

from amela.checkpoints.receipt import Facts
from amela.errors import AmelaError, DataError
from amela.vocoder import Origin, load_vocoder
from amela.vocoder.pretrained import pretrained

OF = Facts(of=("km-a", "km-b"))


@pytest.fixture
def check(tmp_path):
    """Reads a checkpoint for a codebook."""

    def build(
        config=STYLED, facts=UNKNOWN, hop=0.02, k=20, imported=None, speaker=None, style=None, durations="natural"
    ):
        receipt = write_checkpoint(tmp_path / "model", config, {}, facts)
        make_units_codebook(tmp_path / "codebook.parquet", hop, k)
        if imported:
            (tmp_path / "quantizer").mkdir(exist_ok=True)
            (tmp_path / "quantizer/km.bin").touch()
            imported = receipt_of(tmp_path / "quantizer", name=imported)
        origin = Origin(tmp_path / "codebook.parquet", imported)
        return pretrained(receipt, origin, speaker, style, durations)

    return build


def test_knows_its_units_and_its_voice(tmp_path, check):
    about = check(speaker="bo", style="read-happy")
    codebook = make_units_codebook(tmp_path / "codebook.parquet")
    assert (about.hop, about.fingerprint) == (0.02, codebook.fingerprint)
    assert (about.speaker, about.style, about.predicted) == (1, 1, False)
    about = check(SLOW, hop=0.04, durations="predicted")
    assert (about.hop, about.speaker, about.style, about.predicted) == (0.04, 0, 0, True)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"k": 19}, "the vocoder knows 20 units, the codebook has 19 — small-hifigan"),
        ({"hop": 0.04}, "a unit of the vocoder lasts 320 samples, one of the codebook 640"),
        ({"facts": OF, "imported": "km-c"}, "trained on units of km-a or km-b, the codebook is km-c — small-hifigan"),
        ({"facts": OF}, "trained on units of km-a or km-b, the codebook is one fitted here"),
        ({"speaker": "ex01"}, "no speaker 'ex01' — .*speakers.txt — choose one of anna, bo, cleo"),
        ({"style": "sad"}, "no style 'sad' — .*styles.txt — choose one of read-default, read-happy"),
        ({"config": SLOW, "hop": 0.04, "style": "sad"}, "style 'sad': this vocoder has no choice of it"),
        ({"durations": "predicted"}, "predicts no durations"),
    ],
)
def test_other_units_and_other_voices_are_refused(check, options, message):
    with pytest.raises(AmelaError, match=message):
        check(**options)


@pytest.mark.parametrize(
    "options, warning",
    [
        ({"facts": OF, "imported": "km-b"}, None),
        (
            {"facts": OF, "imported": "/data/km.bin"},
            r"trained on units of km-a or km-b; let /data/km.bin be that",
        ),
        ({"imported": "km-c"}, "small-hifigan was trained on units of an unknown codebook"),
        ({}, "small-hifigan was trained on units of an unknown codebook"),
    ],
)
def test_where_nobody_can_know_it_says_so(check, caplog, options, warning):
    with caplog.at_level(logging.WARNING):
        check(**options)
    assert len(caplog.records) == bool(warning)
    assert re.search(warning or "^$", caplog.text)


def test_files_that_changed_since_are_refused(tmp_path, check):
    check()
    (tmp_path / "model/config.json").write_text("{}")
    with pytest.raises(DataError, match="config.json"):
        pretrained(tmp_path / "model/checkpoint.json", Origin(tmp_path / "codebook.parquet"), None, None, "natural")


def test_a_pretrained_vocoder_wants_to_know_its_codebook(tmp_path):
    for backend in ("codehifigan", "textless"):
        with pytest.raises(AmelaError, match=f"{backend} wants the codebook"):
            load_vocoder({"backend": backend}, tmp_path / "checkpoint.json")


def test_nothing_of_it_can_be_changed(check):
    with pytest.raises(dataclasses.FrozenInstanceError):
        check().speaker = 2
