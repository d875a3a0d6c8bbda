import math

import numpy as np
import pytest
import torch

import amela.lm.score
from amela.errors import AmelaError
from amela.lm.batches import pad_batch
from amela.lm.score import check_score, score_model, sequence_nats, summarize, summarize_groups
from amela.lm.split import split_utterances


@torch.no_grad()
def one_by_one(model, sequences, device):
    batches = [pad_batch([sequence], model.padding, device) for sequence in sequences]
    return [float(model.nats(model(inputs)[0], targets).double().sum()) for inputs, targets in batches]


@pytest.mark.parametrize(("batch", "window"), [(32, 256), (1, 256), (3, 4), (20, 1)])
def test_batches_and_windows_change_nothing(model, sequences, device, monkeypatch, batch, window):
    monkeypatch.setattr(amela.lm.score, "BATCH", batch)
    monkeypatch.setattr(amela.lm.score, "WINDOW", window)
    nats = sequence_nats(model, sequences, device)
    model.eval()
    assert nats.tolist() == pytest.approx(one_by_one(model, sequences, device), rel=1e-5)


def test_a_total_in_three_units():
    score = summarize(nats=12 * math.log(2), tokens=4, seconds=3.0)
    assert score == {"nats_per_token": 2.079442, "perplexity": 8.0, "bits_per_second": 4.0}


@pytest.mark.parametrize("nats", [math.nan, math.inf])
def test_no_number_is_no_score(nats):
    with pytest.raises(AmelaError, match="broken"):
        summarize(nats, 1, 1.0)


def test_groups_add_up_to_the_whole():
    groups = summarize_groups(np.array([1.0, 2.0, 4.0]), [1, 2, 4], [1.0, 1.0, 2.0], ["b", "a", "b"])
    assert list(groups) == ["a", "b"]
    assert groups["b"] == {**summarize(5.0, 5, 3.0), "tokens": 5, "seconds": 3.0}


def test_score_of_a_model_is_of_the_test_part_alone(model, device, make_utterance):
    utterances = [make_utterance(f"u{i}", speaker=f"s{i}", seconds=2.0, tokens=[i % 7] * i) for i in range(10)]
    split = split_utterances(utterances, 0.1, 0.3, seed=0)
    score = score_model(model, split, device)
    test = split.parts["test"]
    nats = sum(one_by_one(model.eval(), [u.sequence for u in test], device))
    assert score["tokens"] == sum(u.predictions for u in test)
    assert score["seconds"] == 6.0 and score["utterances"] == 3
    assert score["bits_per_second"] == pytest.approx(nats / math.log(2) / 6, rel=1e-5)
    assert list(score["groups"]) == split.groups("test")
    assert set(score["unigram"]) == set(score["bigram"]) == {"nats_per_token", "perplexity", "bits_per_second"}


def example(nats_per_token, unigram=3.0, tokens=1000):
    return {**summarize(nats_per_token * tokens, tokens, 1.0), "tokens": tokens, "unigram": summarize(unigram, 1, 1.0)}


def test_warnings_of_scores_that_nobody_should_believe():
    assert check_score(example(2.0)) == []
    assert ["learnt nothing" in warning for warning in check_score(example(3.1))] == [True]
    assert ["degenerate" in warning for warning in check_score(example(0.001))] == [True]
    assert check_score(example(0.001, tokens=50)) == []  # too little to say so
