"""Audio and detectors for the tests of voice activity detection."""

import ctypes
import importlib.util

import numpy as np
import pytest

from amela.vad import load_detector

PACKAGES = {"silero": ("onnxruntime", "silero_vad"), "ten": ("ten_vad",), "webrtc": ("webrtcvad",), "energy": ()}


def _can_run(backend: str) -> bool:
    if any(importlib.util.find_spec(package) is None for package in PACKAGES[backend]):
        return False
    if backend != "ten":
        return True
    try:
        ctypes.CDLL("libc++.so.1")
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def detector():
    """Function: backend → detector; the test is skipped where its package is not installed."""

    def load(backend: str, **options):
        if not _can_run(backend):
            pytest.skip(f"{backend} cannot run here")
        return load_detector({"backend": backend, **options})

    return load


@pytest.fixture(scope="session")
def bursts_N() -> np.ndarray:
    """17.3 s of noise at -60 dBFS with a voice-like buzz of 1 s every 2 s, (N,) int16: two blocks."""
    rng = np.random.default_rng(0)
    time_N = np.arange(int(17.3 * 16_000)) / 16_000
    buzz_N = sum(np.sin(2 * np.pi * 120 * k * time_N) / k for k in range(1, 20))
    samples_N = 0.1 * buzz_N * (time_N % 2 >= 1) + rng.normal(0, 1e-3, len(time_N))
    return (samples_N * 32767).astype(np.int16)


@pytest.fixture(scope="session")
def read_speech(speech):
    """Real utterances of many speakers, each (N,) int16 at 16 kHz."""
    soundfile = pytest.importorskip("soundfile")
    paths = sorted(speech.glob("speechocean/wav/*/*.wav"))
    return [soundfile.read(path, dtype="int16")[0] for path in paths]
