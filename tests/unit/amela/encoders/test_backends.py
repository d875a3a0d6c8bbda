"""Mirrors workflow/scripts/amela/encoders/__init__.py: the contract of every backend."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import amela.encoders
from amela.encoders import BACKENDS, load_encoder
from amela.encoders.frames import frame_count
from amela.errors import AmelaError


@pytest.mark.parametrize("backend, dimension", [("mfcc", 39), ("logmel", 80)])
@pytest.mark.parametrize("hop", [0.01, 0.02])
def test_every_backend_keeps_the_contract(noise, backend, dimension, hop):
    encoder = load_encoder({"backend": backend, "hop": hop, "normalize": "speaker"})
    assert encoder.hop == hop and encoder.dimension == dimension
    for n_samples in (1, 320, 399, 16_777):
        features = encoder.encode(noise[:n_samples])
        assert features.shape == (frame_count(n_samples, hop), dimension)
        assert features.dtype == np.float32 and np.isfinite(features).all()


def test_the_contract_test_knows_every_backend():
    assert set(BACKENDS) == {"mfcc", "logmel"}


@pytest.mark.parametrize("spec", [{"backend": "hubert"}, {}])
def test_unknown_backend(spec):
    with pytest.raises(AmelaError, match="known: logmel, mfcc"):
        load_encoder(spec)


def test_needs_only_the_standard_library_at_import():
    scripts = Path(amela.encoders.__file__).parents[2]
    code = f"import sys; sys.path.insert(0, {str(scripts)!r}); import amela.encoders; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
