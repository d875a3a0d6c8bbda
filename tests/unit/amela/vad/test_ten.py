import os
import subprocess
import sys
from pathlib import Path

import pytest

from amela import vad

pytest.importorskip("ten_vad")

from amela.errors import AmelaError  # noqa: E402
from amela.vad import ten  # noqa: E402


def test_without_libcxx_the_error_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ten.ctypes, "CDLL", missing)
    with pytest.raises(AmelaError) as error:
        ten.TenDetector()
    assert all(word in str(error.value) for word in ("conda-forge's libcxx", "libc++1 and libc++abi1", "silero"))


def test_other_native_libraries_still_work_after_it(detector):
    """LLVM's C++ library, loaded for every library to see, made onnxruntime crash."""
    detector("ten"), detector("silero")
    code = (
        "import numpy as np; from amela.vad import load_detector;"
        "print([len(load_detector({'backend': name}).probabilities([np.zeros(512, np.int16)]))"
        " for name in ('ten', 'silero')])"
    )
    scripts = str(Path(vad.__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": scripts}, capture_output=True, text=True
    )
    assert (run.returncode, run.stdout.strip()) == (0, "[2, 1]"), run.stderr
