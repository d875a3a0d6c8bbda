"""What every backend has to do, and how they are found."""

import ast
import math
import re
from pathlib import Path

import numpy as np
import pytest

from amela import vad
from amela.environment import ENVIRONMENTS, read_pins
from amela.errors import AmelaError
from amela.vad import BACKENDS, detector_settings, load_detector
from amela.vad.intervals import speech_intervals

DEFAULTS = {"onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5, "padding": 0.1}
every_backend = pytest.mark.parametrize("backend", sorted(BACKENDS))


@every_backend
@pytest.mark.parametrize("sizes", [[1, 0, 3, 0], [511, 512, 513, 8_191], [160] * 1_500])
def test_block_sizes_make_no_difference(backend, sizes, detector, bursts_N):
    one = detector(backend)
    whole = one.probabilities([bursts_N])
    pieces = np.split(bursts_N, np.cumsum(sizes))
    assert np.array_equal(one.probabilities(iter(pieces)), whole)


@every_backend
def test_each_file_starts_anew(backend, detector, bursts_N):
    one = detector(backend)
    first = one.probabilities([bursts_N])
    one.probabilities([bursts_N[:50_000:-1]])
    assert np.array_equal(one.probabilities([bursts_N]), first)


@every_backend
@pytest.mark.parametrize("n", [0, 1, 320, 16_000, 16_001, 100_000])
def test_every_sample_is_covered(backend, n, detector, bursts_N):
    one = detector(backend)
    probabilities_T = one.probabilities([bursts_N[:n]])
    assert probabilities_T.dtype == np.float32
    assert probabilities_T.shape == (math.ceil(n / round(one.hop * 16_000)),)
    assert ((probabilities_T >= 0) & (probabilities_T <= 1)).all()


@every_backend
def test_strided_samples_are_read_like_others(backend, detector, bursts_N):
    strided = np.repeat(bursts_N[:50_000], 2)[::2]
    one = detector(backend)
    assert np.array_equal(one.probabilities([strided]), one.probabilities([bursts_N[:50_000]]))


@every_backend
def test_silence_is_no_speech(backend, detector):
    one = detector(backend)
    probabilities_T = one.probabilities([np.zeros(48_000, np.int16)])
    assert not len(speech_intervals(probabilities_T, one.hop, 3.0, **DEFAULTS))


@every_backend
def test_speech_is_found_in_real_speech(backend, detector, read_speech):
    one = detector(backend)
    utterances = read_speech[:: 12 if backend == "ten" else 3]  # ten is slow
    silent = []
    for number, samples_N in enumerate(utterances):
        probabilities_T = one.probabilities([samples_N])
        if not len(speech_intervals(probabilities_T, one.hop, len(samples_N) / 16_000, **DEFAULTS)):
            silent.append(number)
    assert len(utterances) > 10 and len(silent) <= len(utterances) // 20, silent


def test_thresholds_are_no_part_of_a_detector():
    spec = {"backend": "silero", "aggressiveness": 2, **DEFAULTS}
    assert detector_settings(spec) == {"backend": "silero"}
    assert detector_settings({**spec, "backend": "webrtc"}) == {"backend": "webrtc", "aggressiveness": 2}


def test_an_unknown_backend_names_the_known_ones():
    with pytest.raises(AmelaError, match="'loud'; known: energy, silero, ten, webrtc"):
        load_detector({"backend": "loud"})


def test_the_package_imports_nothing_but_the_standard_library():
    tree = ast.parse(Path(vad.__file__).read_text("utf-8"))
    imported = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imported if isinstance(node, ast.ImportFrom)}
    assert names == {"__future__", "importlib", "typing", "amela.errors", "amela.provenance"}


@every_backend
def test_segmentation_can_run_in_the_environment_of_a_detector(backend):
    plain, own = (read_pins(ENVIRONMENTS / f"{name}.yaml") for name in ("audio", f"vad-{backend}"))
    assert own.items() >= plain.items()
    assert "pyarrow" in own


def test_silero_is_installed_in_the_version_that_its_backend_asks_for():
    source = (Path(vad.__file__).parent / "silero.py").read_text("utf-8")
    version = re.search(r'PACKAGE, VERSION = "silero-vad", "([\d.]+)"', source)[1]
    assert f"--no-deps silero-vad=={version}\n" in (ENVIRONMENTS / "vad-silero.post-deploy.sh").read_text("utf-8")
