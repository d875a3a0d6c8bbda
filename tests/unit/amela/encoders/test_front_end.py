"""Mirrors workflow/scripts/amela/encoders/front_end.py; models as a whole: test_transformer.py, test_padding.py."""

import pytest
import torch
from oracles.speech_models import small_model

from amela.encoders.front_end import FrontEnd

CPU = torch.device("cpu")
LENGTHS = [16_000, 1_040, 16_319, 400, 5_000]


@pytest.fixture
def clips(noise):
    return [noise[number : number + length] for number, length in enumerate(LENGTHS)]


@pytest.mark.parametrize("family", ["hubert", "hubert large"])
def test_the_front_end_is_the_models_own_convolutions_whatever_lies_behind(family, clips):
    model = small_model(family)
    behind_BN = torch.full((len(clips), max(map(len, clips))), 0.7)
    for row_N, clip in zip(behind_BN, clips):
        row_N[: len(clip)] = torch.from_numpy(clip)
    with torch.no_grad():
        wanted = [model.feature_extractor(torch.from_numpy(clip)[None])[0].T for clip in clips]
        front_end = FrontEnd(model.feature_extractor.conv_layers)
        moments = [front_end.sums(CPU).add(torch.from_numpy(clip)).moments() for clip in clips]
        features_BTC = front_end(behind_BN, moments)
    for features_TC, wanted_TC in zip(features_BTC, wanted):
        torch.testing.assert_close(features_TC[: len(wanted_TC)], wanted_TC, atol=2e-5, rtol=0)


def test_frames_and_receptive_field_of_the_published_front_end():
    front_end = FrontEnd(small_model("hubert").feature_extractor.conv_layers)
    assert (front_end.hop, front_end.receptive_field) == (320, 400)
    assert [front_end.frames(n_samples) for n_samples in (0, 399, 400, 719, 720, 16_000)] == [0, 0, 1, 1, 2, 49]
