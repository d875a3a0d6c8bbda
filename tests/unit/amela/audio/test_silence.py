import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amela.audio.levels import millisecond_energies
from amela.audio.silence import nonsilent_ranges


def blocks_of(samples, size):
    return (samples[start : start + size] for start in range(0, len(samples), size))


def ranges(samples, threshold, min_silence, seek_step=1, block=4096):
    energies = millisecond_energies(blocks_of(samples, block))
    return nonsilent_ranges(energies, threshold, min_silence, seek_step).tolist()


@pytest.fixture(scope="module")
def pydub_ranges():
    """The function that ours must agree with, on int16 samples."""
    pydub = pytest.importorskip("pydub", exc_type=ImportError)
    silence = pytest.importorskip("pydub.silence", exc_type=ImportError)

    def detect(samples, threshold, min_silence, seek_step=1):
        audio = pydub.AudioSegment(data=samples.tobytes(), sample_width=2, frame_rate=16_000, channels=1)
        return silence.detect_nonsilent(audio, min_silence, threshold, seek_step)

    return detect


AMPLITUDES = st.sampled_from([0, 1, 3, 40, 327, 328, 5_000, 32_767])
STRETCHES = st.lists(st.tuples(st.integers(1, 600), AMPLITUDES, st.booleans()), min_size=1, max_size=8)


def signal(stretches):
    """Stretches of (samples, amplitude, constant or noise) one after the other."""
    rng = np.random.default_rng(len(stretches))
    parts = [
        np.full(n, amplitude) if constant else rng.integers(-amplitude - 1, amplitude + 1, n)
        for n, amplitude, constant in stretches
    ]
    return np.concatenate(parts).astype(np.int16)


@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(
    stretches=STRETCHES,
    threshold=st.sampled_from([-91.0, -90.0, -60.0, -40.0, -39.9, -16.0, 0.0]),
    min_silence=st.integers(1, 60),
    seek_step=st.sampled_from([1, 2, 7, 10, 50, 200]),
    block=st.sampled_from([13, 16, 160, 1_000, 100_000]),
)
def test_agrees_with_pydub(pydub_ranges, stretches, threshold, min_silence, seek_step, block):
    samples = signal(stretches)
    expected = pydub_ranges(samples, threshold, min_silence, seek_step)
    if expected == [[0, 0]]:  # pydub's answer for less than half a millisecond
        expected = []
    assert ranges(samples, threshold, min_silence, seek_step, block) == expected


@pytest.mark.parametrize("n_samples", [799 * 16, 800 * 16 + 7, 800 * 16 + 8, 801 * 16 + 8, 800 * 16 + 9])
@pytest.mark.parametrize("loud", [(), (0,), (-1,), (6_400,), (0, -1)], ids=str)
def test_agrees_with_pydub_at_the_edges(pydub_ranges, n_samples, loud):
    samples = np.zeros(n_samples, np.int16)
    samples[list(loud)] = 32_767
    for min_silence in (1, 300, 400, 799, 800, 801):
        assert ranges(samples, -40.0, min_silence) == pydub_ranges(samples, -40.0, min_silence)


@pytest.mark.parametrize("threshold", [-36.0, -30.0])
def test_agrees_with_pydub_on_speech(pydub_ranges, speech, threshold):
    soundfile = pytest.importorskip("soundfile")
    path = speech / "librivox" / "sense_and_sensibility_01_austen_64kb-0870.wav"
    samples = soundfile.read(path, dtype="int16")[0]
    expected = pydub_ranges(samples, threshold, 100)
    assert len(expected) > 1
    assert ranges(samples, threshold, 100) == expected


def test_finds_the_pause_between_two_tones():
    tone = np.full(16_000, 10_000)
    samples = np.concatenate([tone, np.zeros(16_000), tone]).astype(np.int16)
    # one loud millisecond in a window of 500 makes -37 dBFS: not silent
    assert ranges(samples, -40.0, 500) == [[0, 1_000], [2_000, 3_000]]


def test_silence_shorter_than_the_window_does_not_cut():
    tone = np.full(16_000, 10_000)
    samples = np.concatenate([tone, np.zeros(16 * 499), tone]).astype(np.int16)
    assert ranges(samples, -40.0, 500) == [[0, 2_499]]


def test_all_silent_and_all_loud():
    assert ranges(np.zeros(16_000, np.int16), -40.0, 500) == []
    assert ranges(np.full(16_000, -32_768, np.int16), -40.0, 500) == [[0, 1_000]]


def test_no_samples():
    assert ranges(np.zeros(0, np.int16), -40.0, 500) == []


@pytest.mark.parametrize(("min_silence", "seek_step"), [(0, 1), (500, 0)])
def test_refuses_windows_without_length(min_silence, seek_step):
    with pytest.raises(ValueError, match="at least 1 ms"):
        ranges(np.zeros(160, np.int16), -40.0, min_silence, seek_step)
