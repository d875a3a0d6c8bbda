"""Lengths that headers tell, of files whose length is known."""

import os
import struct

import numpy as np
import pytest
import soundfile as sf

from amela.audio.header import header_seconds


@pytest.mark.parametrize(("rate", "n"), [(16_000, 1), (16_000, 24_007), (44_100, 100), (8_000, 12_345)])
@pytest.mark.parametrize("ending", ["wav", "flac", "aiff"])
def test_seconds_to_the_millisecond(tmp_path, ending, rate, n):
    path = tmp_path / f"a.{ending}"
    sf.write(path, np.zeros((n, 2)), rate)
    assert header_seconds(path) == float(f"{n / rate:.3f}")


def test_a_flac_written_to_a_pipe(tmp_path):
    sf.write(tmp_path / "a.flac", np.zeros(48_000), 16_000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] &= 0xF0  # 36 bits of the stream's header: the number of samples
    content[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(content)
    assert header_seconds(tmp_path / "a.flac") is None


def test_mpeg_audio(tmp_path):
    sf.write(tmp_path / "a.mp3", np.zeros(48_000), 16_000, format="MP3")
    assert header_seconds(tmp_path / "a.mp3") == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(("declared", "seconds"), [(64_000, 2.0), (0, 0.0), (192_000, 6.0), (0xFFFF_FFFF, 3.0)])
def test_the_header_is_believed_unless_it_holds_a_placeholder(tmp_path, declared, seconds):
    sf.write(tmp_path / "a.wav", np.full(48_000, 0.9), 16_000, "PCM_16")
    content = (tmp_path / "a.wav").read_bytes()
    at = content.index(b"data") + 4
    (tmp_path / "a.wav").write_bytes(content[:at] + struct.pack("<I", declared) + content[at + 4 :])
    assert header_seconds(tmp_path / "a.wav") == pytest.approx(seconds, abs=0.001)


def test_nobody_can_say(tmp_path):
    (tmp_path / "text.wav").write_text("no audio\n" * 100)
    (tmp_path / "empty.mp3").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "lost.wav").symlink_to("nowhere")
    for name in ("text.wav", "empty.mp3", "pipe.wav", "lost.wav", "missing.wav", "."):
        assert header_seconds(tmp_path / name) is None, name
