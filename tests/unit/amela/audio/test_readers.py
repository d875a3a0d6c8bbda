"""Both decoders against the numbers that were written."""

import numpy as np
import pytest
import soundfile as sf

from amela.audio import readers
from amela.audio.readers import FfmpegReader, SoundFileReader, Undecodable

BOTH = pytest.mark.parametrize("open_reader", [SoundFileReader, FfmpegReader])
LEVELS = np.array([0.5, -0.25, 0.75, -1.0, 0.0, 0.125])  # exact in 8 bits


def samples_of(open_reader, path):
    with open_reader(path) as reader:
        blocks = list(reader.blocks())
        assert all(samples.dtype == np.float32 for _, samples in blocks)
        return {rate for rate, _ in blocks}, np.concatenate([samples for _, samples in blocks]), reader.fault


@BOTH
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_channels_are_averaged(tmp_path, open_reader, channels, subtype):
    values = np.random.default_rng(0).choice(LEVELS, (3_000, channels))
    sf.write(tmp_path / "a.wav", values, 11_025, subtype)
    rates, samples, fault = samples_of(open_reader, tmp_path / "a.wav")
    assert (rates, fault) == ({11_025}, None)
    np.testing.assert_allclose(samples, [sum(row) / channels for row in values.tolist()], atol=1e-6)


@BOTH
@pytest.mark.parametrize("block", [999, 4_096])
def test_blocks_are_consecutive(tmp_path, monkeypatch, open_reader, block):
    steps = np.arange(-10_000, 10_000).astype(np.int16)
    sf.write(tmp_path / "a.flac", steps, 16_000)
    monkeypatch.setattr(readers, "BLOCK", block)
    with open_reader(tmp_path / "a.flac") as reader:
        blocks = [samples for _, samples in reader.blocks()]
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks) * 32_768, steps)


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "exact"),
    [(16_000, 1, "PCM_16", True), (16_000, 1, "PCM_U8", True), (16_000, 1, "PCM_24", False)]
    + [(16_000, 2, "PCM_16", False), (8_000, 1, "PCM_16", False), (16_000, 1, "FLOAT", False)],
)
def test_what_int16_holds_exactly(tmp_path, rate, channels, subtype, exact):
    sf.write(tmp_path / "a.wav", np.zeros((10, channels)), rate, subtype)
    with SoundFileReader(tmp_path / "a.wav") as reader:
        assert reader.exact is exact


def test_lengths_that_are_guesses(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000)
    for name in ("a.mp3", "a.wav"):
        sf.write(tmp_path / name, noise, 16_000)
    content = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "untagged.mp3").write_bytes(content.replace(b"Xing", bytes(4)).replace(b"Info", bytes(4)))
    for name, guessed in (("a.mp3", False), ("untagged.mp3", True), ("a.wav", False)):
        with FfmpegReader(tmp_path / name) as reader:
            assert reader.guessed is guessed, name


@BOTH
def test_the_other_decoder_may_succeed(tmp_path, open_reader):
    for name in ("secret.wav", "secret.raw"):
        (tmp_path / name).write_text("no audio\n" * 100)
        with pytest.raises(Undecodable) as raised:
            open_reader(tmp_path / name)
        assert "secret" not in str(raised.value)
    sf.write(tmp_path / "a.mp3", np.zeros(16_000), 16_000)
    with pytest.raises(Undecodable, match="MPEG"):
        SoundFileReader(tmp_path / "a.mp3")
