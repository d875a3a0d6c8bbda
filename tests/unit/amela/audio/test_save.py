"""Utterances as they are written."""

import numpy as np
import pytest
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.save import AUDIO_SUFFIX, save_audio


def test_int16_comes_back_bit_for_bit(tmp_path):
    samples = np.random.default_rng(0).integers(-32_768, 32_768, 5_000).astype(np.int16)
    path = tmp_path / "speaker one" / "caf\udce9" / f"a{AUDIO_SUFFIX}"
    save_audio(path, samples)
    with path.open("rb") as file:
        found, rate = sf.read(file, dtype="int16")
    np.testing.assert_array_equal(found, samples)
    assert rate == SAMPLE_RATE
    assert [left.name for left in path.parent.iterdir()] == [path.name]


def test_floats_are_rounded_and_clipped(tmp_path):
    save_audio(tmp_path / "a.flac", np.array([0.5, -0.5, 1.2, -1.2, 1e-9], dtype=np.float32))
    info = sf.info(tmp_path / "a.flac")
    assert (info.format, info.subtype, info.channels) == ("FLAC", "PCM_16", 1)
    np.testing.assert_array_equal(sf.read(tmp_path / "a.flac", dtype="int16")[0], [16_384, -16_384, 32_767, -32_768, 0])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((10, 1), dtype=np.float32), "shape"),
        (np.zeros(10, dtype=np.int32), "float samples"),
        (np.array([0.0, np.nan]), "not finite"),
    ],
)
def test_what_is_no_audio_is_a_bug_of_the_caller(tmp_path, samples, message):
    with pytest.raises(ValueError, match=message):
        save_audio(tmp_path / "a.flac", samples)
    assert not list(tmp_path.iterdir())
