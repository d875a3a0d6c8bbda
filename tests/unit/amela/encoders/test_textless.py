"""The textless backend: what it refuses, its frames, and, where its environment is at hand, its features.

That environment needs fairseq's and textlesslib's repositories. To test in it, name its Python:
TEXTLESS_PYTHON=/path/to/environment/bin/python make test ARGS="-k textless"
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from amela.checkpoints.receipt import Receipt
from amela.encoders.textless import TextlessEncoder, frames_of, least_samples
from amela.errors import AmelaError

ROOT = Path(__file__).resolve().parents[4]
HZ_50 = [(10, 5), *[(3, 2)] * 4, *[(2, 2)] * 2]
HZ_25 = [*HZ_50, (2, 2)]
NOTHING = Receipt("nothing", "", {})
FEATURES = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import numpy as np, soundfile as sf
from amela.checkpoints.receipt import make_receipt
from amela.encoders.textless import TextlessEncoder
checkpoint, speech, out = map(Path, sys.argv[2:])
found = {}
for layer in (1, 3):
    encoder = TextlessEncoder(make_receipt("oracle", [checkpoint]), layer)
    samples = sf.read(speech, dtype="float32")[0]
    found[f"{speech.stem}/{layer}"] = encoder.encode([samples])[0]
    assert len(found[f"{speech.stem}/{layer}"]) == encoder.frames(len(samples))
    assert (encoder.hop, encoder.receptive_field, encoder.dimension) == (0.02, 0.025, 48)
np.savez(out, **found)
"""


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"residual": "final_norm"}, "^residual final_norm .* use backend: fairseq"),
        ({"precision": "bf16"}, "^precision bf16 .* use backend: fairseq"),
        ({"compile": True}, "cannot be compiled"),
    ],
)
def test_what_textlesslib_does_not_do_is_refused_before_anything_is_loaded(asked, message):
    with pytest.raises(AmelaError, match=message):
        TextlessEncoder(NOTHING, 6, **asked)


@pytest.mark.parametrize(("convolutions", "receptive_field", "hop"), [(HZ_50, 400, 320), (HZ_25, 720, 640)])
def test_frames_are_those_of_convolutions_without_padding(convolutions, receptive_field, hop):
    assert least_samples(convolutions) == receptive_field  # 25 and 45 ms
    samples = range(receptive_field - 3, 40_000, 7)
    expected = [max(0, (n_samples - receptive_field) // hop + 1) for n_samples in samples]
    assert [frames_of(n_samples, convolutions) for n_samples in samples] == expected
    assert frames_of(receptive_field - 1, convolutions) == 0 < frames_of(receptive_field, convolutions)


@pytest.mark.parametrize("model", ["hubert-weight-norm", "hubert-large"])
def test_features_are_those_of_fairseq(model, fairseq_python, speech, tmp_path):
    textless_python = os.environ.get("TEXTLESS_PYTHON")
    if not textless_python:
        pytest.skip("no environment of the textless backend; name its Python: TEXTLESS_PYTHON=...")
    clip = min((speech / "librivox").glob("*.wav"))
    oracle = ROOT / "tests" / "oracles" / "fairseq_models.py"
    subprocess.run([fairseq_python, oracle, tmp_path, "--models", model, "--wav", clip], check=True)
    scripts = ROOT / "workflow" / "scripts"
    command = [textless_python, "-B", "-c", FEATURES, scripts, tmp_path / f"{model}.pt", clip, tmp_path / "found.npz"]
    subprocess.run(command, check=True)
    expected, found = np.load(tmp_path / f"{model}.npz"), np.load(tmp_path / "found.npz")
    assert found.files
    for key in found.files:
        np.testing.assert_allclose(found[key], expected[key], rtol=0, atol=1e-5)  # the same code, and torch
