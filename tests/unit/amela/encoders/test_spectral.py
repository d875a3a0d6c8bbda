"""Mirrors workflow/scripts/amela/encoders/spectral.py."""

import numpy as np
import pytest

from amela.encoders import load_encoder
from amela.encoders.spectral import SpectralEncoder
from amela.errors import AmelaError, Rejected


@pytest.mark.parametrize("backend", ["mfcc", "logmel"])
@pytest.mark.parametrize("samples, reason", [([], "no samples"), ([0.0, np.nan], "not finite")])
def test_nothing_to_encode_is_rejected(backend, samples, reason):
    with pytest.raises(Rejected, match=reason):
        load_encoder({"backend": backend}).check(np.array(samples, dtype=np.float32))


def test_blocks_of_an_utterance_are_not_read():
    """Spectra of a stretch depend on nothing else."""
    assert SpectralEncoder().moments(iter(lambda: pytest.fail("read"), None)) is None


def test_an_impossible_hop_is_refused_before_the_first_utterance():
    with pytest.raises(AmelaError, match="hop"):
        SpectralEncoder(0.0123)
