"""Packs: what goes in comes out, wherever it lies."""

import errno
import os
from functools import partial

import numpy as np
import pytest
import soundfile as sf

from amela.audio import packs
from amela.audio.load import load_utterance
from amela.audio.packs import open_packs
from amela.audio.places import Places
from amela.errors import AmelaError
from amela.io.manifest import Utterance

RNG = np.random.default_rng(0)
LENGTHS = [1, 124, 125, 126, 4_095, 4_096, 4_097, 16_000, 40_321, *RNG.integers(1, 9_000, 60).tolist()]
SILENT = 7  # the utterance of digital silence: a frame of a few bytes


def speech(number):
    """Samples of utterance ``number``, in blocks."""
    samples = np.random.default_rng(number).integers(-9_000, 9_000, LENGTHS[number]).astype(np.int16)
    samples = samples * 0 if number == SILENT else samples
    return np.split(samples, [len(samples) // 3]), samples


def write(path, pack=50_000):
    """Every utterance in packs; their rows."""
    with open_packs(path, pack) as folder:
        return [row(number, *folder.write(f"anna/{number}", speech(number)[0])) for number in range(len(LENGTHS))]


def row(number, file, offset):
    return Utterance(f"anna/{number}", file["audio_filepath"], LENGTHS[number] / 16_000, offset)


def test_every_utterance_comes_back_in_any_order(tmp_path):
    rows = write(tmp_path / "audio")
    names = [path.name for path in sorted((tmp_path / "audio").iterdir())]
    assert names == [f"{i:04d}.flac" for i in range(len(names))] and 1 < len(names) <= sum(LENGTHS) / 50_000 + 1
    assert list(dict.fromkeys(os.path.basename(row.audio_filepath) for row in rows)) == names
    for number in RNG.permutation(len(rows)):
        assert np.array_equal(load_utterance(rows[number]) * 32_768, speech(number)[1])


def test_packs_are_plain_flac_and_hold_the_utterances_in_turn(tmp_path):
    rows = write(tmp_path / "audio", pack=10**9)
    samples, rate = sf.read(tmp_path / "audio/0000.flac", dtype="int16")
    info = sf.info(tmp_path / "audio/0000.flac")
    assert (rate, info.format, info.subtype, info.channels) == (16_000, "FLAC", "PCM_16", 1)
    ends = [round(row.offset * 16_000) + length for row, length in zip(rows, LENGTHS)]
    gaps = [round(row.offset * 16_000) - end for row, end in zip(rows[1:], ends)]
    assert all(0 <= gap < 125 for gap in gaps) and ends[-1] == len(samples)
    for end, gap in zip(ends, gaps):
        assert not samples[end : end + gap].any()


def test_offsets_are_exact_for_readers_that_truncate(tmp_path):
    """As NeMo reads: int(offset * sample_rate)."""
    for row, number in zip(write(tmp_path / "audio"), range(len(LENGTHS))):
        start = int(row.offset * 16_000)
        assert start == row.offset * 16_000 and float(repr(row.offset)) == row.offset and len(repr(row.offset)) < 12
        samples, _ = sf.read(row.audio_filepath, start=start, frames=LENGTHS[number], dtype="int16")
        assert np.array_equal(samples, speech(number)[1])


def test_the_same_bytes_again(tmp_path):
    contents = []
    for folder in ("a", "b"):
        write(tmp_path / folder)
        contents.append([path.read_bytes() for path in sorted((tmp_path / folder).iterdir())])
    assert contents[0] == contents[1]


def test_a_pack_takes_no_further_utterance_when_it_is_full(tmp_path):
    with open_packs(tmp_path / "audio", 1_000) as packs:
        offsets = [packs.write("x", [np.ones(n, np.int16)])[1] * 16_000 for n in (999, 5_000, 1, 1_000, 1)]
    assert offsets == [0, 1_000, 0, 125, 0]
    assert [sf.info(path).frames for path in sorted((tmp_path / "audio").iterdir())] == [6_000, 1_125, 1]


def test_an_utterance_that_breaks_off_moves_no_other(tmp_path):
    def breaks_off():
        yield np.full(1_000, 9, np.int16)
        raise ValueError

    with open_packs(tmp_path / "audio") as packs:
        packs.write("a", [np.full(500, 1, np.int16)])
        with pytest.raises(ValueError):
            packs.write("b", breaks_off())
        file, offset = packs.write("c", [np.full(500, 3, np.int16)])
    samples = load_utterance(Utterance("c", file["audio_filepath"], 500 / 16_000, offset))
    assert np.array_equal(samples * 32_768, np.full(500, 3))


def test_nothing_written_leaves_no_file(tmp_path):
    with open_packs(tmp_path / "none"):
        pass
    with open_packs(tmp_path / "empty") as packs:
        packs.write("a", [])
    assert list((tmp_path / "none").iterdir()) == list((tmp_path / "empty").iterdir()) == []


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_packs(tmp_path / "audio") as packs:
        packs.write("a", [np.ones(99_999, np.int16)])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def fail(self, samples):
        raise sf.LibsndfileError(errno.ENOENT)  # what it says of ENOSPC

    monkeypatch.setattr(sf.SoundFile, "write", fail)
    with pytest.raises(AmelaError, match="audio cannot be written"), open_packs(tmp_path / "audio") as packs:
        packs.write("a", [np.ones(99_999, np.int16)])
    assert list(tmp_path.iterdir()) == []


def test_a_pack_whose_end_found_no_room_is_told(tmp_path, monkeypatch):
    close = sf.SoundFile.close

    def close_short(self):
        torn = self.mode == "w" and not self.closed
        close(self)
        if torn:
            os.truncate(self.name, os.path.getsize(self.name) - 100)

    monkeypatch.setattr(sf.SoundFile, "close", close_short)
    with pytest.raises(AmelaError, match="audio cannot be written"), open_packs(tmp_path / "audio") as packs:
        packs.write("a", [speech(8)[1]])
    assert list(tmp_path.iterdir()) == []


def test_more_packs_than_a_folder_takes(tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "Places", partial(Places, most_entries=8))
    rows = write(tmp_path / "audio", pack=1_000)
    assert (tmp_path / "audio/0007.flac").is_file() and (tmp_path / "audio/~1/0008.flac").is_file()
    for number, found in enumerate(rows):
        assert np.array_equal(load_utterance(found) * 32_768, speech(number)[1])
