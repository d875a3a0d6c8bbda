"""Mirrors workflow/scripts/amela/units/chunks.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amela.encoders import load_encoder
from amela.io.manifest import Utterance
from amela.units.chunks import stretches


class Convolutions:
    """Frames of a convolutional front end: those whose window lies within the waveform."""

    hop, receptive_field, chunk, overlap = 0.02, 0.025, 10.0, 2.0

    def frames(self, n_samples):
        return max(0, (n_samples - 400) // 320 + 1)


@given(st.integers(400, 16_000 * 60), st.integers(0, 10**6))
def test_stretches_keep_every_frame_once(n_samples, offset):
    encoder = Convolutions()
    whole = Utterance("u", "/u.flac", n_samples / 16_000, offset=offset / 16_000)
    parts = stretches(whole, encoder)
    assert sum(part.frames for part in parts) == encoder.frames(n_samples)
    frame = 0
    for part in parts:
        start = round((part.audio.offset - whole.offset) * 16_000)
        length = round(part.audio.duration * 16_000)
        assert start == (frame - part.skip) * 320  # on the frame grid of the whole
        assert start >= 0 and start + length <= n_samples
        assert encoder.frames(length) >= part.skip + part.frames
        assert part.audio.duration <= encoder.chunk + encoder.receptive_field + 1e-9 or len(parts) == 1
        if frame:
            assert part.skip == 100
        frame += part.frames
    assert len(parts) > 1 or whole.duration <= encoder.chunk + 4


def test_a_short_utterance_is_left_alone():
    whole = Utterance("u", "/u.flac", 9.99, offset=3.0)
    (part,) = stretches(whole, Convolutions())
    assert part.audio is whole and part.skip == 0 and part.frames == Convolutions().frames(159_840)


@pytest.mark.parametrize("backend", ["mfcc", "logmel"])
@pytest.mark.parametrize("hop", [0.01, 0.02])
@pytest.mark.parametrize("seconds", [7.3, 8.0, 23.456])
def test_spectra_of_stretches_are_those_of_the_whole_bit_by_bit(backend, hop, seconds):
    encoder = load_encoder({"backend": backend, "hop": hop})
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * 16_000)).astype(np.float32)
    whole = encoder.encode([samples])[0]
    encoder.chunk = 4.0
    joined = []
    for part in stretches(Utterance("u", "/u.flac", seconds), encoder):
        start = round(part.audio.offset * 16_000)
        features = encoder.encode([samples[start : start + round(part.audio.duration * 16_000)]])[0]
        joined.append(features[part.skip : part.skip + part.frames])
    assert len(joined) > 3
    np.testing.assert_array_equal(np.concatenate(joined), whole)
