"""Mirrors workflow/scripts/amela/encoders/frames.py."""

import pytest

from amela.encoders.frames import frame_count, hop_samples
from amela.errors import AmelaError


def test_hop_in_samples():
    assert [hop_samples(hop) for hop in (0.01, 0.02)] == [160, 320]


@pytest.mark.parametrize("hop", [0.0, -0.01, 0.0101, 1 / 16_000, 3 / 16_000])
def test_refuses_a_hop_that_frames_cannot_be_centred_on(hop):
    with pytest.raises(AmelaError, match="hop"):
        hop_samples(hop)


@pytest.mark.parametrize("hop, step", [(0.01, 160), (0.02, 320)])
def test_frames_cover_the_samples_and_no_frame_is_empty(hop, step):
    for n_samples in [*range(1, 1_000), 16_000, 16_001, 57_600_000, 57_600_001]:
        frames = frame_count(n_samples, hop)
        assert (frames - 1) * step < n_samples <= frames * step
    assert frame_count(0, hop) == 0
