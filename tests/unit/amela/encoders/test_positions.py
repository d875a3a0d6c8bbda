"""Mirrors workflow/scripts/amela/encoders/positions.py; models as a whole: test_transformer.py, test_padding.py."""

import pytest
import torch
from oracles.speech_models import small_model

from amela.encoders.positions import RelativeBias, WideConvolution


@pytest.mark.parametrize("kernel", [1, 19, 16, 128])
@pytest.mark.parametrize("n_frames", [1, 30, 300])
def test_wide_convolutions(kernel, n_frames):
    torch.manual_seed(0)
    conv = torch.nn.Conv1d(12, 12, kernel, padding=kernel // 2, groups=3)
    x_BDT = torch.randn(2, 12, n_frames)
    with torch.no_grad():
        wanted_BDT = conv(x_BDT)[..., :n_frames]
        torch.testing.assert_close(WideConvolution(conv)(x_BDT), wanted_BDT, atol=2e-6, rtol=0)


def test_relative_bias_is_wavlms():
    attention = small_model("wavlm").encoder.layers[0].attention
    with torch.no_grad():
        for n_frames in (1, 2, 200):
            assert torch.equal(RelativeBias(attention)(n_frames), attention.compute_bias(n_frames, n_frames))


def test_relative_bias_goes_where_the_model_goes():
    attention = small_model("wavlm").encoder.layers[0].attention
    assert RelativeBias(attention).to("meta")(5).device.type == "meta"
