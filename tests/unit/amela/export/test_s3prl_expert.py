"""Mirrors amela/export/s3prl_expert.py: what s3prl.nn.S3PRLUpstream and its Featurizer ask of an upstream."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from amela.checkpoints.receipt import Facts, receipt_content, write_receipt  # noqa: E402
from amela.encoders import load_encoder  # noqa: E402
from amela.errors import DataError, Rejected  # noqa: E402
from amela.export.s3prl_expert import UpstreamExpert  # noqa: E402
from amela.provenance import file_sha256  # noqa: E402

SPEC = {"backend": "logmel", "hop": 0.01, "normalize": "speaker"}


@pytest.fixture
def settings(tmp_path):
    """Function (encoder, checkpoint) → settings.json"""

    def write(spec=SPEC, checkpoint=None):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({"encoder": spec, "checkpoint": checkpoint, "scripts": "."}))
        return path

    return write


@pytest.fixture
def upstream(settings):
    return UpstreamExpert(settings())


def waves(*lengths):
    generator = torch.Generator().manual_seed(0)
    return [0.1 * torch.randn(length, generator=generator) for length in lengths]


def test_a_batch_is_padded_and_each_waveform_gets_what_it_gets_alone(upstream):
    clips = waves(16_000, 32_000, 20_011)
    hidden_BTD = upstream(clips)["hidden_states"][0]
    assert hidden_BTD.shape == (3, 200, 80) and hidden_BTD.dtype == torch.float32
    encoder = load_encoder(SPEC)
    for hidden_TD, clip in zip(hidden_BTD, clips):
        expected_TD = encoder.encode([clip.numpy()])[0]
        np.testing.assert_array_equal(hidden_TD[: len(expected_TD)].numpy(), expected_TD)
        assert not hidden_TD[len(expected_TD) :].any()


def test_lengths_are_as_s3prl_expects_them(upstream):
    """s3prl.nn.upstream: len(range(0, n_samples, stride)) frames, repeated or cut by few at the most."""
    stride = upstream.get_downsample_rates("hidden_states")
    assert stride == 160
    for n_samples in (800, 16_000, 16_001, 33_333):
        (hidden_BTD,) = upstream(waves(n_samples))["hidden_states"]
        assert abs(hidden_BTD.shape[1] - len(range(0, n_samples, stride))) <= 1


def test_a_downstream_model_can_be_trained_on_the_features(settings, tmp_path):
    """Tensors made in inference mode, as those of a transformer are, could not be kept for the gradient."""
    pytest.importorskip("transformers")
    from tiny_models import DIMENSION, save_tiny_hubert

    model = tmp_path / "model"
    save_tiny_hubert(model)
    files = {path.name: path for path in model.iterdir()}
    content = receipt_content("tiny", files, {name: file_sha256(path) for name, path in files.items()}, Facts())
    write_receipt(tmp_path / "checkpoint.json", content)
    upstream = UpstreamExpert(settings({"backend": "hf", "layer": 2}, "checkpoint.json"))
    (hidden_BTD,) = upstream(waves(16_000, 20_000))["hidden_states"]
    layer = torch.nn.Linear(DIMENSION, 2).to(hidden_BTD.device)
    layer(hidden_BTD).sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert not list(upstream.parameters())


def test_a_long_waveform_is_encoded_in_stretches(upstream):
    encoder = load_encoder(SPEC)
    (clip,) = waves(16_000 * 30)
    whole_TD = encoder.encode([clip.numpy()])[0]
    upstream._encoder.chunk = 10.0
    np.testing.assert_array_equal(upstream([clip])["hidden_states"][0][0].numpy(), whole_TD)


def test_a_waveform_that_cannot_be_encoded_is_an_error(upstream):
    with pytest.raises(Rejected, match="samples that are not finite"):
        upstream([torch.full((16_000,), float("nan"))])


def test_weights_that_are_gone_are_an_error_that_names_them(settings, tmp_path):
    content = {"name": "tiny", "sha256": "0", "layer": None, "hop": None, "of": []}
    gone = {"model.pt": {"path": str(tmp_path / "model.pt"), "sha256": "0", "bytes": 1}}
    (tmp_path / "checkpoint.json").write_text(json.dumps({**content, "files": gone}))
    with pytest.raises(DataError, match=r"a file of checkpoint tiny is gone.*model\.pt"):
        UpstreamExpert(settings(checkpoint="checkpoint.json"))
