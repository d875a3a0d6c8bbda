"""Mirrors workflow/scripts/amela/vocoder/codehifigan.py."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles import unit_hifigan
from tiny_vocoders import (
    PLAIN,
    SLOW,
    SPEAKERS,
    STYLED,
    STYLES,
    UNEVEN,
    VOICES,
    make_units_codebook,
    random_units,
    receipt_of,
    tensors,
    write_checkpoint,
)

from amela.errors import AmelaError, DataError, Rejected
from amela.vocoder import Item, Origin, codehifigan, load_vocoder
from amela.vocoder.codehifigan import CodeHifiganVocoder, stretches

from .conftest import speak

ORACLE = Path(__file__).resolve().parents[3] / "oracles" / "fairseq_vocoders.py"
EXACT = 1e-4  # to the original; in truth 1e-6
CASES = {
    "plain": {"config": PLAIN, "speaker": None, "predicted": False},
    "voices": {"config": VOICES, "speaker": 2, "predicted": False},
    "slow": {"config": SLOW, "speaker": None, "predicted": False},
    "predicted": {"config": SLOW, "speaker": None, "predicted": True},
    "uneven": {"config": UNEVEN, "speaker": None, "predicted": False},
}


@pytest.fixture(scope="session")
def originals(fairseq_python, tmp_path_factory):
    """Checkpoints of fairseq's classes, and what they make of units: folder, name → units."""
    folder = tmp_path_factory.mktemp("fairseq")
    lists = {name: [random_units(n, seed=n).tolist() for n in (1, 2, 30)] for name in CASES}
    for units in lists["predicted"]:  # they come without repeats
        units[:] = [unit for unit, before in zip(units, [None, *units]) if unit != before]
    cases = {name: {**case, "units": lists[name]} for name, case in CASES.items()}
    (folder / "cases.json").write_text(json.dumps(cases))
    subprocess.run([fairseq_python, ORACLE, folder], check=True, capture_output=True)
    return folder, lists


@pytest.fixture
def make(tmp_path):
    """Builds a vocoder on a small checkpoint."""

    def build(config=PLAIN, folder="model", hop=0.02, weights=None, **options):
        receipt = write_checkpoint(tmp_path / folder, config, weights)
        make_units_codebook(tmp_path / "codebook.parquet", hop)
        return CodeHifiganVocoder(receipt, Origin(tmp_path / "codebook.parquet"), **options)

    return build


@pytest.mark.parametrize("name", CASES)
def test_speaks_like_the_original(originals, tmp_path, name):
    folder, lists = originals
    case = CASES[name]
    hop_samples = int(np.prod(case["config"]["upsample_rates"]))
    make_units_codebook(tmp_path / "codebook.parquet", hop_samples / 16_000)
    vocoder = load_vocoder(
        {
            "backend": "codehifigan",
            "speaker": None if case["speaker"] is None else str(case["speaker"]),
            "durations": "predicted" if case["predicted"] else "natural",
        },
        receipt_of(folder / name),
        Origin(tmp_path / "codebook.parquet"),
    )
    for number, units in enumerate(lists[name]):
        expected = np.load(folder / name / f"{number}.npy")
        repeated = np.repeat(np.array(units, np.uint16), 2) if case["predicted"] else np.array(units, np.uint16)
        n_samples = len(repeated) * hop_samples
        samples = speak(vocoder, repeated, n_samples)
        if not case["predicted"]:
            assert len(expected) == n_samples + (64 if name == "uneven" else 0)
            expected = expected[:n_samples]
        assert samples.shape == expected.shape and 0.01 < np.sqrt(np.mean(expected**2)) < 0.7
        np.testing.assert_allclose(samples, expected, atol=EXACT)
        if case["predicted"] and len(units) > 20:
            frames = len(expected) / hop_samples
            assert 1.5 * len(units) < frames < 10 * len(units)


def test_speaks_in_a_style_like_an_implementation_of_its_own(make):
    weights, units = tensors(STYLED), random_units(25)
    vocoder = make(STYLED, speaker="cleo", style="read-happy")
    samples = speak(vocoder, units, 25 * 320)
    arrays = {name: value.numpy() for name, value in weights.items()}
    expected = unit_hifigan.speech(arrays, STYLED, units, SPEAKERS.index("cleo"), STYLES.index("read-happy"))
    np.testing.assert_allclose(samples, expected, atol=EXACT)
    other = speak(make(STYLED, speaker="cleo"), units, 25 * 320)  # its first style
    assert np.abs(other - samples).max() > 0.05


@pytest.mark.parametrize("config, hop", [(STYLED, 0.02), (SLOW, 0.04), (UNEVEN, 0.02)])
def test_a_batch_gives_what_one_at_a_time_gives(make, config, hop):
    vocoder = make(config, hop=hop)
    items = [Item(random_units(n, seed=n), round(n * hop * 16_000), str(n)) for n in (30, 1, 17, 16, 30, 2)]
    alone = [vocoder.synthesise([item])[0] for item in items]
    vocoder.batch_seconds = 1e9
    together = vocoder.synthesise(items)
    for item, one, other in zip(items, alone, together):
        assert one.shape == other.shape == (item.n_samples,)
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("config, hop", [(STYLED, 0.02), (SLOW, 0.04), (UNEVEN, 0.02)])
def test_a_long_utterance_in_stretches_is_the_whole(make, monkeypatch, config, hop):
    units, options = random_units(70), {"durations": "predicted"} if config is SLOW else {}
    whole = speak(make(config, hop=hop, **options), units, round(70 * hop * 16_000))
    monkeypatch.setattr(codehifigan, "STRETCH", 20 * hop)
    for batch_seconds in (0.0, 100 * hop):
        vocoder = make(config, hop=hop, batch_seconds=batch_seconds, **options)
        np.testing.assert_allclose(speak(vocoder, units, round(70 * hop * 16_000)), whole, atol=1e-5)
    vocoder._context = 0
    assert np.abs(speak(vocoder, units, round(70 * hop * 16_000)) - whole).max() > 1e-2


def test_stretches_cover_a_sequence_once_with_context():
    units = np.arange(1_000)
    for longest, context, n_units in ((100, 7, 1_000), (100, 150, 999), (1_000, 7, 1_000), (7, 0, 1), (3, 1, 10)):
        parts = stretches(units[:n_units], longest, context)
        kept = [part.units_T[part.skip : part.skip + part.kept] for part in parts]
        assert np.array_equal(np.concatenate(kept), units[:n_units])
        for part, of_it in zip(parts, kept):
            assert part.start == of_it[0] and part.skip == min(context, part.start) and part.kept <= longest
            assert len(part.units_T) - part.skip - part.kept == min(context, n_units - 1 - of_it[-1])


def test_natural_durations_last_as_long_as_the_utterance(make):
    """Encoders with a wide window leave out up to two frames: silence follows."""
    vocoder, units = make(), random_units(50)
    assert (vocoder.hop, vocoder.batch_seconds) == (0.02, 0.0)
    whole = speak(vocoder, units, 16_000)
    assert np.array_equal(speak(vocoder, units, 15_700), whole[:15_700])
    longer = speak(vocoder, units, 16_399)
    assert len(longer) == 16_399 and np.array_equal(longer[:16_000], whole) and not longer[16_000:].any()
    with pytest.raises(DataError, match="50 units for 17000 samples, expected 54 — a"):
        speak(vocoder, units, 17_000)
    with pytest.raises(Rejected, match="no units"):
        speak(vocoder, units[:0], 0)


def test_predicted_durations_do_not_depend_on_the_run_lengths(make):
    vocoder = make(SLOW, hop=0.04, durations="predicted")
    units = random_units(12)
    once = speak(vocoder, units, 12 * 640)
    assert np.array_equal(speak(vocoder, np.repeat(units, 3), 36 * 640), once)
    assert len(once) % 640 == 0


def test_a_vocoder_without_a_duration_predictor_never_gets_units_without_repeats(make):
    with pytest.raises(AmelaError, match="predicts no durations — small-hifigan — set durations: natural"):
        make(durations="predicted")


def test_broken_weights_make_no_sound(make):
    weights = tensors(PLAIN)
    weights["dict.weight"][3] = torch.nan
    vocoder = make(weights=weights)
    assert np.isfinite(speak(vocoder, np.full(5, 2, np.uint16), 1_600)).all()
    with pytest.raises(DataError, match="not finite"):
        speak(vocoder, np.full(5, 3, np.uint16), 1_600)


def test_on_a_full_gpu_a_batch_is_halved(make, monkeypatch):
    vocoder, sizes = make(batch_seconds=1e9), []
    forward = type(vocoder._generator).forward

    def of_little_memory(self, units_BT, *arguments):
        sizes.append(len(units_BT))
        if len(units_BT) > room:
            raise torch.cuda.OutOfMemoryError("full")
        return forward(self, units_BT, *arguments)

    monkeypatch.setattr(type(vocoder._generator), "forward", of_little_memory)
    items = [Item(random_units(n), n * 320, str(n)) for n in (10, 11, 12, 13, 14)]
    room = 2
    halved = vocoder.synthesise(items)
    assert sizes == [5, 2, 3, 1, 2] and [len(one) for one in halved] == [item.n_samples for item in items]
    room = 0
    with pytest.raises(AmelaError, match="choose another GPU"):
        vocoder.synthesise(items)
