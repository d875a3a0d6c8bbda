"""Mirrors workflow/scripts/amela/encoders/logmel.py."""

import numpy as np
import pytest

from amela.encoders.logmel import LogMelEncoder
from amela.encoders.mel import log_mel
from amela.errors import AmelaError, Rejected


@pytest.mark.parametrize("hop", [0.01, 0.02])
def test_it_is_the_front_end(noise, hop):
    np.testing.assert_array_equal(LogMelEncoder(hop).features(noise), log_mel(noise, hop, bands=80))


def test_refuses_an_impossible_hop():
    with pytest.raises(AmelaError, match="hop"):
        LogMelEncoder(0.0123)


def test_rejects_nothing_to_encode():
    with pytest.raises(Rejected, match="no samples"):
        LogMelEncoder().features(np.zeros(0, np.float32))
