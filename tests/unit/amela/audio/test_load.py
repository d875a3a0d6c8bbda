"""Utterances as later stages read them."""

import os

import numpy as np
import pytest
import soundfile as sf

from amela.audio import SAMPLE_RATE, access
from amela.audio.load import load_utterance, loaded
from amela.audio.save import save_audio
from amela.errors import Rejected
from amela.io.manifest import Utterance

RAMP = np.arange(SAMPLE_RATE, dtype=np.int16)  # one second, each sample its own number


@pytest.fixture
def ramp(tmp_path):
    save_audio(tmp_path / "a.flac", RAMP)
    return str(tmp_path / "a.flac")


def test_a_whole_file(ramp):
    samples = load_utterance(Utterance("a", ramp, duration=1.0))
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples * 32_768, RAMP)


@pytest.mark.parametrize(
    ("offset", "duration"), [(0.5, 0.25), (0.0, 1 / 16_000), (15_999 / 16_000, 1 / 16_000), (0.1, 0.0)]
)
def test_a_stretch_of_a_file(ramp, offset, duration):
    samples = load_utterance(Utterance("a", ramp, duration=duration, offset=offset))
    start = round(offset * 16_000)
    np.testing.assert_array_equal(samples * 32_768, RAMP[start : start + round(duration * 16_000)])


def test_every_length_survives_the_manifest(tmp_path):
    """n → n / 16000 seconds → n samples, for lengths whose quotient is not exact."""
    n_samples = np.random.default_rng(0).integers(1, 2**31, 10_000)
    assert all(round(float(n) / SAMPLE_RATE * SAMPLE_RATE) == n for n in n_samples.tolist())


def test_a_moved_clone_is_found_by_its_relative_path(ramp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    utterance = Utterance("a", "/gone/a.flac", duration=1.0, metadata={"audio_relpath": "a.flac"})
    assert len(load_utterance(utterance)) == SAMPLE_RATE


@pytest.mark.parametrize(("offset", "duration"), [(0.0, 1.01), (0.5, 0.6), (2.0, 0.1)])
def test_less_audio_than_the_manifest_says(ramp, offset, duration):
    with pytest.raises(Rejected, match="the manifest says"):
        load_utterance(Utterance("a", ramp, duration=duration, offset=offset))


def test_files_that_are_no_utterances(tmp_path):
    sf.write(tmp_path / "44100.wav", np.zeros(100), 44_100)
    sf.write(tmp_path / "stereo.wav", np.zeros((100, 2)), SAMPLE_RATE)
    (tmp_path / "text.wav").write_text("no audio")
    (tmp_path / "empty.flac").touch()
    for name, reason in [
        ("44100.wav", "found 44100 Hz"),
        ("stereo.wav", "found 16000 Hz × 2"),
        ("text.wav", "cannot be read"),
        ("gone.flac", "no such file"),
        ("empty.flac", "the file is empty"),
    ]:
        with pytest.raises(Rejected, match=reason):
            load_utterance(Utterance("a", str(tmp_path / name), duration=0.001))


def test_a_file_that_breaks_off(tmp_path, monkeypatch, failing):
    save_audio(tmp_path / "a.flac", np.random.default_rng(0).integers(-9_999, 9_999, 160_000).astype(np.int16))
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    with pytest.raises(Rejected):
        load_utterance(Utterance("a", str(tmp_path / "a.flac"), duration=10.0))
    monkeypatch.setattr(access, "open", failing(open, 1), raising=False)
    with pytest.raises(OSError, match="Input/output error"):  # the disk breaks off, not the file
        load_utterance(Utterance("a", str(tmp_path / "a.flac"), duration=10.0))


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="no file that the system cannot read")
def test_a_disk_that_fails_is_not_the_utterances_fault():
    with pytest.raises(OSError, match="Input/output error: '/proc/self/mem'"):
        load_utterance(Utterance("a", "/proc/self/mem", duration=1.0))


def test_samples_or_why_there_are_none(ramp):
    """An exception in a thread that decodes ahead would end the whole batch."""
    second = Utterance("a", ramp, duration=1.0)
    checked = []
    np.testing.assert_array_equal(loaded(load_utterance, second, checked.append), checked[0])
    assert len(checked) == 1 and len(checked[0]) == SAMPLE_RATE

    def refuse(samples_N):
        raise Rejected("too quiet")

    assert str(loaded(load_utterance, second, refuse)) == "too quiet"
    missing = loaded(load_utterance, Utterance("b", ramp + ".gone", duration=1.0), checked.append)
    assert isinstance(missing, Rejected) and len(checked) == 1
