"""tools/bench/asr*.py: what is counted, and that models with random weights say as much as speech does."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from bench.asr_batches import LONGEST, SHORTEST, cost, durations, file_order, padding, sorted_order
from bench.asr_pace import Paced, always_a_token, pace_generation

from amela.asr import Transcript, load_recogniser
from amela.asr.stream import LEAST_SECONDS, longest_first
from amela.errors import Rejected

BENCH = Path(__file__).parents[3] / "tools" / "bench"


@pytest.fixture
def module(monkeypatch):
    """Imports a module of tools/bench, where they import each other by their bare names."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


@pytest.fixture
def models(module):
    """Of the real size, by NeMo's classes."""
    pytest.importorskip("nemo")
    return module("asr_models")


def test_padding_by_hand():
    assert padding([[0, 1], [2]], [1.0, 3.0, 2.0]) == 1 - 6 / 8
    assert cost([[0, 1], [2]], [1.0, 3.0, 2.0]) == {"batches": 2, "padding": 0.25, "longest": 5.0, "largest": 2}


@pytest.mark.parametrize("make", [file_order, sorted_order, lambda seconds: longest_first(seconds, 160.0)])
@pytest.mark.parametrize("n", [0, 1, 16, 37])
def test_every_utterance_is_in_one_batch(make, n):
    seconds = durations(n).tolist()
    assert sorted(index for batch in make(seconds) for index in batch) == list(range(n))


def test_two_thirds_of_batches_in_file_order_are_padding():
    seconds = durations(20_000)
    assert np.array_equal(seconds, durations(20_000))
    assert seconds.min() >= SHORTEST and seconds.max() == LONGEST  # about 1 % would be longer
    ways = {"file": file_order(seconds), "sorted": sorted_order(seconds), "budget": longest_first(seconds, 640.0)}
    found = {name: cost(batches, seconds) for name, batches in ways.items()}
    assert found["file"]["padding"] == pytest.approx(2 / 3, abs=0.02)
    assert found["sorted"]["padding"] < 0.003
    assert found["budget"]["padding"] < 0.015  # a fifth of the batches, so that each holds a wider range
    assert 4 < found["file"]["batches"] / found["budget"]["batches"] < 6
    for batch in ways["budget"]:
        assert len(batch) * max(LEAST_SECONDS, *(seconds[index] for index in batch)) <= 640.0


def test_paced_transcripts_end_when_they_should_and_are_made_of_words():
    words, end = torch.tensor([2, 5, 7]), 1
    paced = Paced(torch.tensor([0, 3, 1]), words, end)
    torch.manual_seed(0)
    steps = [paced(torch.zeros(3, 0), torch.randn(3, 9)).argmax(dim=1) for _ in range(5)]
    for answer_L, length in zip(torch.stack(steps, dim=1), (0, 3, 1)):
        assert set(answer_L[:length].tolist()) <= {2, 5, 7}
        assert (answer_L[length:] == end).all()


class Echo:
    """Understands how many samples it is given; rejects what is shorter than ``least``."""

    device, batch_seconds, max_seconds, least = "cpu", 0.0, 40.0, 0

    def transcribe(self, batch):
        lengths = map(len, batch)
        return [Transcript(str(length)) if length >= self.least else Rejected("short") for length in lengths]


def test_all_ways_have_the_same_texts_and_the_loop_says_how_long_it_waited(module, tmp_path):
    loop = module("asr_loop")
    clips = loop.make_clips(tmp_path, None, 8)
    found = loop.compare(Echo(), clips, [0.0, 60.0], rounds=2)
    assert list(found) == [loop.FIXED, "AMELA, 0 padded seconds", "AMELA, 60 padded seconds"]
    assert [row["identical"] for row in found.values()] == [1.0] * 3
    assert found[loop.FIXED]["beside_fixed"] == 1.0 and found[loop.FIXED]["waited"] is None
    assert 0 < found["AMELA, 60 padded seconds"]["waited"] <= 1
    assert found[loop.FIXED]["different"] == len({round(clip.duration * 16_000) for clip in clips})


def test_a_way_that_rejects_ends_the_benchmark(module, tmp_path):
    loop = module("asr_loop")
    clips = loop.make_clips(tmp_path, None, 4)
    recogniser = Echo()
    recogniser.least = round(16_000 * max(clip.duration for clip in clips))
    with pytest.raises(SystemExit, match="3 of 4 clips were rejected: short"):
        loop.compare(recogniser, clips, [60.0], rounds=1)


def test_no_budget_begins_with_what_an_earlier_one_has_made(module, tmp_path):
    pytest.importorskip("nemo")
    clips = module("asr_loop").make_clips(tmp_path, None, 4)
    done = []

    class Keeping(Echo):
        def forget_batches(self):
            done.append("forgot")

        def transcribe(self, batch):
            done.append(len(batch))
            return super().transcribe(batch)

    rows = list(module("asr_real").measure(Keeping(), clips, [80.0, 160.0]))
    assert [row["budget"] for row in rows] == [80.0, 160.0] and all(row["memory"] > 0 for row in rows)
    turns = " ".join(map(str, done)).split("forgot")[1:]
    assert [sum(map(int, turn.split())) for turn in turns] == [4, 4]


@pytest.mark.slow
def test_models_have_the_published_sizes(models, tmp_path):
    with models.Unallocated():
        canary, parakeet = models.canary(tmp_path / "canary"), models.parakeet(tmp_path / "parakeet")
    models.check_size("canary-qwen", canary)
    models.check_size("parakeet", parakeet)
    with pytest.raises(SystemExit, match=r"parakeet has 2,559,\d+,\d+ parameters, published are 600,000,000"):
        models.check_size("parakeet", canary)


@pytest.mark.slow
def test_a_tiny_canary_says_as_much_as_was_asked(models, tmp_path):
    recogniser = load_recogniser({"backend": "canary-qwen"}, models.save_canary(models.tiny_canary(tmp_path), tmp_path))
    pace_generation(recogniser._salm, tokens_a_second=4.0)
    answers = []
    generate = recogniser._salm.generate
    recogniser._salm.generate = lambda **options: answers.append(generate(**options)) or answers[-1]
    texts = recogniser.transcribe([np.zeros(n, np.float32) for n in (16_000, 48_000)])
    ends = (answers[0] == recogniser._salm.text_eos_id).int().argmax(dim=1)
    assert ends.tolist() == [4, 12]
    assert all(transcript.text for transcript in texts)


@pytest.mark.slow
def test_a_small_parakeet_hears_a_token_every_four_frames(models, tmp_path):
    encoder = {**models.ENCODER, "d_model": 32, "n_heads": 4, "n_layers": 1, "subsampling_conv_channels": 8}
    joint = {**models.PARAKEET["joint"]["jointnet"], "encoder_hidden": 32}
    small = {**models.PARAKEET, "encoder": encoder, "joint": {**models.PARAKEET["joint"], "jointnet": joint}}
    small["model_defaults"] = {**models.PARAKEET["model_defaults"], "enc_hidden": 32}
    model = models.parakeet(tmp_path, small, vocabulary=150)
    always_a_token(model)
    recogniser = load_recogniser({"backend": "parakeet"}, models.save_parakeet(model, tmp_path))
    lengths = []
    decode = recogniser._decoding.rnnt_decoder_predictions_tensor
    recogniser._decoding.rnnt_decoder_predictions_tensor = lambda *args, **options: [
        lengths.append(len(each.timestamp["char"])) or each for each in decode(*args, **options)
    ]
    recogniser.transcribe([np.zeros(16_000 * seconds, np.float32) for seconds in (4, 16)])
    assert lengths == [13, 50]  # frames of 80 ms: 50 and 200, a token every four of them
