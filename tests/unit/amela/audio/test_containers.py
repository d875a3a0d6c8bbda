"""What headers say, on headers put together byte by byte."""

import struct

import pytest

from amela.audio.containers import MPEG_HEAD, PLACEHOLDER, DataChunk, mpeg_states_length, riff_data

LOUD = b"\xff" * 100  # samples that cannot be taken for the name of a chunk


def chunk(name, content, declared=None):
    return name + struct.pack("<I", len(content) if declared is None else declared) + content


def wav(*chunks):
    return b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", bytes(16)) + b"".join(chunks)


LIST = chunk(b"LIST", b"INFO" + bytes(20))


@pytest.mark.parametrize(
    ("content", "declared", "present"),
    [
        (wav(chunk(b"data", b"")), 0, 0),
        (wav(LIST, chunk(b"junk", b"odd\0", 3), chunk(b"data", LOUD), b"strayed"), 100, 100),  # too short for one
        (wav(chunk(b"data", LOUD[:99] + b"\0", 99), LIST, LIST), 99, 99),  # padded, as it should be
        (wav(chunk(b"data", LOUD[:99]), LIST), 99, 99),  # and as some write it
        (wav(chunk(b"data", LOUD, 0)), 0, 100),  # the recorder died
        (wav(chunk(b"data", LOUD), LIST[:-1]), 100, 131),  # not a chain of whole chunks
        (wav(chunk(b"data", LOUD, 200)), 200, 100),  # the download was cut
        (wav(chunk(b"data", LOUD, PLACEHOLDER)), None, 100),
        (wav(chunk(b"data", LOUD, PLACEHOLDER - 1)), PLACEHOLDER - 1, 100),
    ],
)
def test_samples_of_a_wav(tmp_path, content, declared, present):
    (tmp_path / "a.wav").write_bytes(content)
    assert riff_data(tmp_path / "a.wav") == (declared, present)


@pytest.mark.parametrize(("declared", "present"), [(PLACEHOLDER, PLACEHOLDER), (100, 2**32 + 100)])  # wrapped
def test_a_wav_of_gigabytes(tmp_path, declared, present):
    head = wav(chunk(b"data", b"", declared))
    with (tmp_path / "a.wav").open("wb") as file:  # a hole takes no room on the disk
        file.write(head)
        file.truncate(len(head) + present)
    assert riff_data(tmp_path / "a.wav") == (declared, present)


GARBAGE = wav(b"\1\2\3\4\0\0\0\0", chunk(b"data", LOUD))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFX" + wav(chunk(b"data", LOUD))[4:], wav(LIST), GARBAGE])
def test_files_without_such_samples(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    assert riff_data(tmp_path / "a.wav") is None


@pytest.mark.parametrize(
    ("data", "wrong"), [((8, 8), (False, 1)), ((4, 8), (True, 1)), ((6, 4), (False, 1.5)), ((None, 8), (False, 1))]
)
def test_what_is_wrong_with_a_length(data, wrong):
    assert (DataChunk(*data).hides_samples, DataChunk(*data).overstatement) == wrong


FRAME = b"\xff\xfb\x90\x00" + bytes(32)
ID3 = b"ID3\x04\0\0" + bytes([0, 0, 39, 8])  # 39 · 128 + 8 = 5,000 bytes follow


STATING = [FRAME + b"Xing", FRAME + b"Info", FRAME + b"VBRI", ID3 + bytes(5_000) + FRAME + b"Xing"]
SONG = ID3 + b"Xing" + bytes(4_996) + FRAME + bytes(400)  # called so
EDGES = [(bytes(MPEG_HEAD - 4) + b"Xing", True), (bytes(MPEG_HEAD - 3) + b"Xing", False), (b"ID3", False)]


@pytest.mark.parametrize(("content", "states"), [(c, True) for c in STATING] + [(SONG, False), (b"", False)] + EDGES)
def test_the_tag_that_states_a_length(tmp_path, content, states):
    (tmp_path / "a.mp3").write_bytes(content)
    assert mpeg_states_length(tmp_path / "a.mp3") is states
