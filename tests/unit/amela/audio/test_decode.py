"""Decoding: right samples from every format, a reason for whatever has none."""

import errno
import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf

from amela.audio import SAMPLE_RATE, readers
from amela.audio import decode as decode_module
from amela.audio.decode import decode
from amela.errors import AmelaError, Rejected


def tone(seconds, rate=SAMPLE_RATE, hz=440.0, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def speechlike(seconds, rate=SAMPLE_RATE):
    """Sound of changing level, so that a variable bit rate varies."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * rate))
    return tone(seconds, rate) * 0.5 + 0.1 * noise * (tone(seconds, rate, 0.7, 1.0) > 0)


def samples_of(path):
    with decode(path) as pcm:
        samples = pcm.read(0, pcm.n_samples)
        assert len(samples) == pcm.n_samples
        return samples, pcm.native, pcm.warning


def write_with_ffmpeg(path, codec, container, rate=44_100, seconds=2.0):
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        samples = tone(seconds, rate).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = rate
        for resampled in av.AudioResampler(stream.format, "mono", rate, frame_size=1024).resample(frame):
            out.mux(stream.encode(resampled))
        out.mux(stream.encode(None))


def patch_wav(path, seconds, declared):
    """A WAV of ``seconds`` whose header declares ``declared`` bytes of samples."""
    sf.write(path, np.rint(tone(seconds) * 32_768).astype(np.int16), SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", declared)
    path.write_bytes(content)


def vbr_mp3(path, seconds=10.0, tagged=True):
    sf.write(path, speechlike(seconds), SAMPLE_RATE, format="MP3")
    if not tagged:  # the first frame holds nothing but the Xing tag
        content = path.read_bytes()
        assert b"Xing" in content[:200]
        path.write_bytes(content[content.index(content[:2], 4) :])


# What comes out


@pytest.mark.parametrize(
    ("name", "seconds"),  # samples that both decoders count, over the file's own rate
    [
        ("audio-mono-16-bit-44100Hz.aiff", 121_052 / 44_100),
        ("audio-mono-16-bit-44100Hz.flac", 121_052 / 44_100),
        ("audio-mono-32-bit-44100Hz.wav", 121_052 / 44_100),
        ("audio-mono-8-bit-44100Hz.wav", 121_052 / 44_100),
        ("audio-stereo-16-bit-44100Hz.wav", 121_052 / 44_100),
        ("audio-stereo-24-bit-44100Hz.wav", 121_052 / 44_100),
        ("bach.ogg", 133_632 / 44_100),
        ("format_test.m4a", 425_984 / 44_100),
        ("wrong_extension.aac", 425_984 / 44_100),
        ("test-192khz-32bit.flac", 1_336_184 / 192_000),
        ("test1.mp3", 320_303 / 32_000),
        ("test5.webm", 71_040 / 48_000),
    ],
)
def test_real_files_of_every_format(speech, name, seconds):
    samples, native, warning = samples_of(speech / "formats" / name)
    assert len(samples) == pytest.approx(seconds * SAMPLE_RATE, abs=1)
    assert not native and warning is None
    assert np.abs(samples.astype(int)).max() > 3_000


def test_one_clip_sounds_the_same_in_every_format(speech):
    clip = samples_of(speech / "formats" / "audio-mono-32-bit-44100Hz.wav")[0].astype(int)
    for name, steps in [
        ("audio-mono-16-bit-44100Hz.aiff", 1),
        ("audio-mono-16-bit-44100Hz.flac", 1),
        ("audio-stereo-16-bit-44100Hz.wav", 1),
        ("audio-stereo-24-bit-44100Hz.wav", 0),
        ("audio-mono-8-bit-44100Hz.wav", 384),  # a step of 8 bits, cut off, and what resampling makes of it
    ]:
        assert np.abs(samples_of(speech / "formats" / name)[0] - clip).max() <= steps, name


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_16_khz_mono_16_bit_is_handed_on_unchanged(tmp_path, ending):
    expected = np.random.default_rng(0).integers(-32_768, 32_768, 20_000).astype(np.int16)
    path = tmp_path / f"a.{ending}"
    sf.write(path, expected, SAMPLE_RATE, subtype="PCM_16")
    samples, native, warning = samples_of(path)
    np.testing.assert_array_equal(samples, expected)
    assert samples.dtype == np.int16 and native and warning is None


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "ending"),
    [
        (16_000, 1, "PCM_24", "wav"),
        (16_000, 1, "FLOAT", "wav"),
        (16_000, 2, "PCM_16", "wav"),
        (8_000, 1, "ULAW", "wav"),
        (48_000, 6, "PCM_16", "wav"),
        (192_000, 2, "PCM_24", "flac"),
        (44_100, 1, "DOUBLE", "wav"),
        (22_050, 1, "PCM_S8", "aiff"),
        (16_000, 1, "PCM_16", "sph"),
        (16_000, 1, "PCM_16", "w64"),
        (16_000, 1, "ALAC_16", "caf"),
    ],
)
def test_a_tone_stays_the_tone(tmp_path, rate, channels, subtype, ending):
    path = tmp_path / f"a.{ending}"
    channel = tone(1.0, rate)
    file_format = {"sph": "NIST"}.get(ending)
    sf.write(path, np.tile(channel[:, None], channels), rate, subtype, format=file_format)
    samples, native, warning = samples_of(path)
    assert len(samples) == SAMPLE_RATE and warning is None
    assert native == (ending in ("sph", "w64"))
    error = (samples / 32_768 - tone(1.0))[800:-800]  # away from the resampler's ends
    assert np.sqrt(np.mean(error**2)) < {"ULAW": 0.01, "PCM_S8": 0.005}.get(subtype, 1e-4)


def test_floats_beyond_one_are_clipped_and_told(tmp_path):
    sf.write(tmp_path / "a.wav", np.tile([1.2, -1.2, 0.5, 0.0], 400), SAMPLE_RATE, "FLOAT")
    samples, native, warning = samples_of(tmp_path / "a.wav")
    np.testing.assert_array_equal(samples[:4], [32_767, -32_768, 16_384, 0])
    assert not native and warning == "50% of the samples lie beyond ±1 and were clipped"


def test_nothing_above_8_khz_folds_back(tmp_path):
    sf.write(tmp_path / "a.wav", tone(1.0, 44_100, 10_000.0, 0.9), 44_100, "FLOAT")
    samples = samples_of(tmp_path / "a.wav")[0][800:-800] / 32_768
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) + 1e-9) < -80


@pytest.mark.parametrize(("codec", "ending", "container"), [("aac", "m4a", "mp4"), ("libopus", "webm", "webm")])
def test_formats_that_only_ffmpeg_reads(tmp_path, codec, ending, container):
    rate = 48_000
    write_with_ffmpeg(tmp_path / f"a.{ending}", codec, container, rate)
    samples, _, warning = samples_of(tmp_path / f"a.{ending}")
    assert warning is None and len(samples) == pytest.approx(2 * SAMPLE_RATE, abs=0.05 * SAMPLE_RATE)
    loudest = np.abs(np.fft.rfft(samples[8_000:24_000])).argmax()
    assert loudest == 440  # one bin is one hertz


def test_the_size_of_blocks_does_not_matter(tmp_path, monkeypatch):
    sf.write(tmp_path / "a.flac", speechlike(3.0, 44_100), 44_100)
    vbr_mp3(tmp_path / "a.mp3", 3.0)
    for name in ("a.flac", "a.mp3"):
        monkeypatch.setattr(readers, "BLOCK", 1 << 16)
        whole = samples_of(tmp_path / name)[0]
        monkeypatch.setattr(readers, "BLOCK", 3_001)
        np.testing.assert_array_equal(samples_of(tmp_path / name)[0], whole)


def test_long_recordings_are_the_same_from_a_temporary_file(tmp_path, monkeypatch):
    sf.write(tmp_path / "a.wav", speechlike(3.0), SAMPLE_RATE)
    whole = samples_of(tmp_path / "a.wav")[0]
    monkeypatch.setattr(decode_module, "IN_MEMORY", 10_000)
    with decode(tmp_path / "a.wav") as pcm:
        assert pcm._store.fileno() > 2  # a BytesIO has none
        blocks = list(pcm.blocks(7_000))
        assert [len(block) for block in blocks] == [7_000] * 6 + [6_000]
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_reading_beyond_the_end_gives_what_is_there(tmp_path):
    sf.write(tmp_path / "a.wav", tone(0.02), SAMPLE_RATE)
    with decode(tmp_path / "a.wav") as pcm:
        assert (pcm.n_samples, pcm.duration) == (320, 0.02)
        assert len(pcm.read(300, 400)) == 20 and len(pcm.read(400, 500)) == 0 and len(pcm.read(5, 5)) == 0
        with pytest.raises(ValueError, match="negative"):
            pcm.read(-1, 5)


# Headers that lie


@pytest.mark.parametrize(
    ("declared", "warning", "native"),
    [
        (32_000, "header says 1.0 s, 3.0 s decode", False),  # wrapped at 4 GiB
        (0, "header says 0.0 s, 3.0 s decode", False),  # the recorder died
        (192_000, "header says 6.0 s, 3.0 s decode", False),  # the download was cut
        (0xFFFF_FFFF, None, True),  # written to a pipe
        (0x7FFF_FFF0, None, True),
    ],
)
def test_a_wav_is_read_to_its_end_whatever_its_header_says(tmp_path, declared, warning, native):
    patch_wav(tmp_path / "a.wav", 3.0, declared)
    samples, found_native, found_warning = samples_of(tmp_path / "a.wav")
    assert (len(samples), found_warning, found_native) == (48_000, warning, native)
    np.testing.assert_array_equal(samples, np.rint(tone(3.0) * 32_768))


@pytest.mark.parametrize("length", [5_000, 5_001])
def test_chunks_after_the_samples_are_no_samples(tmp_path, length):
    sf.write(tmp_path / "a.wav", tone(1.0), SAMPLE_RATE)
    with (tmp_path / "a.wav").open("ab") as file:
        file.write(b"LIST" + struct.pack("<I", length) + bytes(length + length % 2))
        file.write(b"id3 " + struct.pack("<I", 4) + b"abcd")
    samples, native, warning = samples_of(tmp_path / "a.wav")
    assert (len(samples), native, warning) == (16_000, True, None)


@pytest.mark.parametrize("tagged", [True, False])
def test_an_mp3_of_variable_bit_rate_is_read_whole(tmp_path, tagged):
    vbr_mp3(tmp_path / "a.mp3", 10.0, tagged)
    samples, _, warning = samples_of(tmp_path / "a.mp3")
    assert len(samples) == pytest.approx(10 * SAMPLE_RATE, abs=0.15 * SAMPLE_RATE) and warning is None


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("zeros", [True, False])
def test_an_mp3_goes_on_after_garbage(tmp_path, tagged, zeros):
    vbr_mp3(tmp_path / "a.mp3", 10.0, tagged)
    content = (tmp_path / "a.mp3").read_bytes()
    garbage = bytes(20_000) if zeros else np.random.default_rng(0).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    third = len(content) // 3
    (tmp_path / "a.mp3").write_bytes(content[:third] + garbage + content[third:])
    samples, _, warning = samples_of(tmp_path / "a.mp3")
    assert len(samples) == pytest.approx(10 * SAMPLE_RATE, abs=0.3 * SAMPLE_RATE)
    assert "damaged packets were left out" in warning


def test_a_truncated_mp3_is_told(tmp_path):
    vbr_mp3(tmp_path / "a.mp3", 10.0)
    content = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(content[: len(content) // 2])
    samples, _, warning = samples_of(tmp_path / "a.mp3")
    assert 2 < len(samples) / SAMPLE_RATE < 8
    assert warning.endswith(f"header says 10.0 s, {len(samples) / SAMPLE_RATE:.1f} s decode")


def test_a_flac_that_does_not_know_its_length(tmp_path):
    sf.write(tmp_path / "a.flac", tone(3.0), SAMPLE_RATE)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] &= 0xF0  # 36 bits of the stream's header: the number of samples
    content[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(content)
    samples, native, warning = samples_of(tmp_path / "a.flac")
    assert (len(samples), native, warning) == (48_000, False, None)


def test_a_truncated_flac_gives_its_beginning(tmp_path):
    expected = np.rint(speechlike(10.0) * 32_767).astype(np.int16)
    sf.write(tmp_path / "a.flac", expected, SAMPLE_RATE)
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    samples, native, warning = samples_of(tmp_path / "a.flac")
    assert 3 < len(samples) / SAMPLE_RATE < 7 and not native and "header says 10.0 s" in warning
    np.testing.assert_array_equal(samples, expected[: len(samples)])


def test_two_mp3_of_different_rates_in_one_file(tmp_path):
    sf.write(tmp_path / "a.mp3", tone(4.0, 44_100), 44_100, format="MP3")
    sf.write(tmp_path / "b.mp3", tone(4.0, 22_050), 22_050, format="MP3")
    (tmp_path / "c.mp3").write_bytes((tmp_path / "a.mp3").read_bytes() + (tmp_path / "b.mp3").read_bytes())
    samples = samples_of(tmp_path / "c.mp3")[0]
    assert len(samples) == pytest.approx(8 * SAMPLE_RATE, abs=0.4 * SAMPLE_RATE)
    for start in (2, 6):  # seconds: both halves at their own pitch
        assert np.abs(np.fft.rfft(samples[start * SAMPLE_RATE : (start + 1) * SAMPLE_RATE])).argmax() == 440


# Names and tags


@pytest.mark.parametrize(
    "name",
    [b"a b'\"\n.wav", "ñandú \u2028.wav".encode(), b"caf\xe9.wav", b"pipe:0", b"concat:a|b", b"http:x.m4a", b"a.raw"],
)
@pytest.mark.parametrize("container", ["mp4", "wav"])
def test_any_name_will_do(tmp_path, name, container):
    path = tmp_path / os.fsdecode(name)
    write_with_ffmpeg(tmp_path / "plain", {"mp4": "aac", "wav": "pcm_s16le"}[container], container)
    (tmp_path / "plain").rename(path)
    assert len(samples_of(path)[0]) == pytest.approx(32_000, abs=1_600)


def test_tags_in_an_old_encoding_do_no_harm(tmp_path):
    vbr_mp3(tmp_path / "a.mp3", 2.0)
    with (tmp_path / "a.mp3").open("ab") as file:
        file.write(b"TAG" + "Télé".encode("latin-1").ljust(125, b"\0"))
    assert len(samples_of(tmp_path / "a.mp3")[0]) == pytest.approx(32_000, abs=2_000)


# What must be refused


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("awful.wav", "absurd sample rate: 1092676 Hz"),
        ("bad-metadata-length.flac", "no samples in it"),
        ("bad.wav", "cannot be decoded"),
        ("evil.wav", "cannot be decoded"),
        ("missing-streaminfo.flac", "cannot be decoded"),
        ("null.wav", "no samples in it"),
        ("test1_empty.wav", "no samples in it"),
        ("zero-bytes.wav", "the file is empty"),
    ],
)
def test_real_broken_files(speech, name, reason):
    with pytest.raises(Rejected, match=reason):
        decode(speech / "corrupt" / name)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path, value):
    samples = tone(1.0, 44_100)
    samples[777] = value
    sf.write(tmp_path / "a.wav", samples, 44_100, "FLOAT")
    with pytest.raises(Rejected, match="not finite"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("rate", [1, 999, 768_001])
def test_absurd_rates(tmp_path, rate):
    sf.write(tmp_path / "a.wav", np.zeros(100), rate)
    with pytest.raises(Rejected, match=f"absurd sample rate: {rate} Hz"):
        decode(tmp_path / "a.wav")


def test_things_that_are_no_audio_files(tmp_path):
    (tmp_path / "text.wav").write_text("This is no audio.\n" * 100)
    (tmp_path / "empty.mp3").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    with av.open(str(tmp_path / "film.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        film.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        film.mux(stream.encode(None))
    for name, reason in [
        ("missing.wav", "no such file"),
        ("text.wav", "cannot be decoded"),
        ("empty.mp3", "the file is empty"),
        ("pipe.wav", "not a file"),
        (".", "not a file"),
        ("film.mp4", "no audio stream"),
    ]:
        with pytest.raises(Rejected, match=reason):
            decode(tmp_path / name)


def test_a_codec_that_nobody_knows(tmp_path):
    sf.write(tmp_path / "a.wav", tone(1.0), SAMPLE_RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    assert content[20:22] == b"\x01\x00"  # the format: PCM
    content[20:22] = b"\x34\x12"
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(Rejected, match="no decoder for its codec"):
        decode(tmp_path / "a.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read(tmp_path):
    sf.write(tmp_path / "a.wav", tone(0.1), SAMPLE_RATE)
    (tmp_path / "a.wav").chmod(0)
    with pytest.raises(Rejected, match="Permission denied"):
        decode(tmp_path / "a.wav")


def test_a_full_disk_is_not_the_recordings_fault(tmp_path, monkeypatch):
    class Full:
        def write(self, content):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    sf.write(tmp_path / "a.wav", tone(0.1), SAMPLE_RATE)
    monkeypatch.setattr(decode_module.tempfile, "SpooledTemporaryFile", lambda max_size: Full())
    with pytest.raises(AmelaError, match="TMPDIR") as raised:
        decode(tmp_path / "a.wav")
    assert not isinstance(raised.value, Rejected)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
@pytest.mark.parametrize("n_bytes", [0, 100, 3_000, 30_000, 57_000])
def test_a_disk_that_fails_is_not_the_recordings_fault(tmp_path, monkeypatch, failing, n_bytes, number):
    vbr_mp3(tmp_path / "a.mp3", 20.0)
    assert (tmp_path / "a.mp3").stat().st_size > 57_000
    monkeypatch.setattr(Path, "open", failing(Path.open, n_bytes, number))
    with pytest.raises(OSError, match="a.mp3") as raised:
        decode(tmp_path / "a.mp3")
    assert raised.value.errno == number


def test_a_file_that_vanishes_is_rejected(tmp_path, monkeypatch):
    def vanish(path):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))

    vbr_mp3(tmp_path / "a.mp3", 1.0)
    monkeypatch.setattr(decode_module, "FfmpegReader", vanish)
    with pytest.raises(Rejected, match="no such file"):
        decode(tmp_path / "a.mp3")


def test_no_temporary_folder_is_not_the_recordings_fault(tmp_path, monkeypatch):
    """Where every disk is full, there is none."""

    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    sf.write(tmp_path / "a.wav", tone(0.1), SAMPLE_RATE)
    monkeypatch.setattr(decode_module, "IN_MEMORY", 1)
    monkeypatch.setattr(decode_module.tempfile, "gettempdir", none)
    monkeypatch.setattr(decode_module.tempfile, "TemporaryFile", lambda **options: none())
    with pytest.raises(AmelaError, match="TMPDIR") as raised:
        decode(tmp_path / "a.wav")
    assert not isinstance(raised.value, Rejected)
