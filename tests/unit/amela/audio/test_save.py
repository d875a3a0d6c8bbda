"""Utterances as they are written."""

import numpy as np
import pytest
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.files import open_files
from amela.audio.packs import open_packs
from amela.audio.save import AUDIO_SUFFIX, FlacFile, save_audio
from amela.errors import AmelaError


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


def write_file(folder, samples):
    save_audio(folder / "audio/a.flac", samples)


def write_files(folder, samples):
    with open_files(folder / "audio") as files:
        files.write("a", np.array_split(samples, 3))


def write_pack(folder, samples):
    with open_packs(folder / "audio") as packs:
        packs.write("a", np.array_split(samples, 3))


@pytest.mark.parametrize("write", [write_file, write_files, write_pack])
@pytest.mark.parametrize("n_samples", [1, 1_000, 5_000, 20_000])
def test_a_full_disk_is_told_wherever_it_ends(tmp_path, room, write, n_samples):
    """At every size that libsndfile may notice itself, or not."""
    samples = np.random.default_rng(0).integers(-9_000, 9_000, n_samples).astype(np.int16)
    write(tmp_path / "whole", samples)
    path = next((tmp_path / "whole").rglob("*.flac"))
    size = path.stat().st_size
    for n_bytes in sorted({0, 1, 41, 42, 100, *range(0, size, max(size // 60, 1)), size - 1}):
        with room(min(n_bytes, size - 1)), pytest.raises(AmelaError, match="audio cannot be written"):
            write(tmp_path / "full", samples)
        assert not [path for path in (tmp_path / "full").rglob("*") if path.is_file()], n_bytes
    with room(size):
        write(tmp_path / "fits", samples)
    assert next((tmp_path / "fits").rglob("*.flac")).read_bytes() == path.read_bytes()


def test_an_error_within_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="bug"), FlacFile(tmp_path / "a.flac") as out:
        out.write(np.ones(9_999, np.int16))
        raise ValueError("bug")
    assert list(tmp_path.iterdir()) == []
