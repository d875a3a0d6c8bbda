import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from amela import vad

onnxruntime = pytest.importorskip("onnxruntime")
if importlib.util.find_spec("silero_vad") is None:
    pytest.skip("silero-vad is not installed", allow_module_level=True)

from amela.errors import AmelaError  # noqa: E402
from amela.vad import silero  # noqa: E402


def stepped(samples_N: np.ndarray) -> np.ndarray:
    """The package's streaming model, one frame a call."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(silero.package_folder() / "data/silero_vad_16k_op15.onnx"), options)
    frames = np.pad(samples_N, (0, -len(samples_N) % 512)).reshape(-1, 1, 512).astype(np.float32) / 32768
    state, context, answers = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
    for frame in frames:
        window = np.concatenate([context, frame], axis=1)
        inputs = {"input": window, "state": state, "sr": np.array(16_000, np.int64)}
        answer, state = session.run(None, inputs)
        context = window[:, -64:]
        answers.append(answer[0, 0])
    return np.array(answers)


def test_a_sequence_is_bit_equal_to_stepping(bursts_N, detector):
    assert np.array_equal(detector("silero").probabilities([bursts_N]), stepped(bursts_N))


def test_real_speech_is_bit_equal_to_stepping(read_speech, detector):
    samples_N = np.concatenate(read_speech[:10])
    probabilities_T = detector("silero").probabilities([samples_N])
    assert np.array_equal(probabilities_T, stepped(samples_N))
    assert probabilities_T.min() < 0.1 and probabilities_T.max() > 0.9  # silence and speech both occur


def test_torch_is_not_imported():
    code = (
        "import sys, numpy as np; from amela.vad import load_detector;"
        "load_detector({'backend': 'silero'}).probabilities([np.zeros(600, np.int16)]);"
        "print([name for name in ('torch', 'silero_vad') if name in sys.modules])"
    )
    scripts = str(Path(vad.__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": scripts}, capture_output=True, text=True
    )
    assert (run.returncode, run.stdout.strip()) == (0, "[]"), run.stderr


@pytest.mark.parametrize("found", ["6.2.2", None])
def test_another_version_is_refused(found, monkeypatch):
    monkeypatch.setattr(silero, "installed_version", lambda package: found)
    with pytest.raises(AmelaError, match=rf"silero-vad 6\.2\.3 is needed, found: {found or 'none'}.*delete the env"):
        silero.SileroDetector()
