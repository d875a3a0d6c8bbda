import io

import numpy as np
import pytest

from amela.audio import segmentation
from amela.audio.decode import Pcm
from amela.audio.segmentation import Segmentation, check_audible, segment, stays_whole
from amela.errors import AmelaError, Rejected

DETECTOR = {"backend": "silero", "onset": 0.5, "offset": 0.35, "min_on": 0.25, "min_off": 0.5, "padding": 9.0}
DEFAULTS = {
    "method": "silence",
    "keep_below": 0.0,
    "threshold": -40.0,
    "min_silence": 0.5,
    "seek_step": 1,
    "vad": None,
    "padding": 0.1,
    "min_duration": 2.0,
    "max_duration": 30.0,
    "max_gap": 1.0,
}
# seconds: three phrases apart by a long pause and a short one, the last phrase too short to stand alone
PHRASES = [(1.0, 4.0), (7.0, 10.0), (10.8, 11.8)]
LENGTH = 14.0


def settings(**changed):
    return Segmentation(**{**DEFAULTS, **changed})


def pcm(samples):
    return Pcm(io.BytesIO(samples.astype(np.int16).tobytes()), len(samples), False, None)


def speech(gain=1.0):
    """Noise at about -66 dBFS, phrases of noise at -20 dBFS."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 16, round(LENGTH * 16_000))
    for start, end in PHRASES:
        within = slice(round(start * 16_000), round(end * 16_000))
        samples[within] = rng.normal(0, 3_277, within.stop - within.start)
    return np.rint(samples * gain)


class Oracle:
    """A detector that knows where the phrases are."""

    hop = 0.02

    def probabilities(self, blocks):
        n_samples = sum(map(len, blocks))
        times_T = np.arange(0, n_samples / 16_000, self.hop) + self.hop / 2
        return np.any([(times_T >= start) & (times_T < end) for start, end in PHRASES], axis=0).astype(np.float32)


PIECES = [[900, 4_100], [6_900, 11_900]]  # ms: 0.1 s around phrases; the short one packed with its neighbour


@pytest.mark.parametrize("method", ["silence", "adaptive"])
def test_by_level(method):
    kept, dropped = segment(pcm(speech()), settings(method=method), None)
    np.testing.assert_allclose(kept, PIECES, atol=8)  # a silent window may hold a few ms of a phrase
    assert len(dropped) == 0


def test_by_detector_pads_once_and_not_with_the_detectors_padding():
    kept, dropped = segment(pcm(speech()), settings(method="vad", vad=DETECTOR), Oracle())
    assert kept.tolist() == PIECES
    assert len(dropped) == 0


def test_quiet_recordings_need_a_threshold_of_their_own():
    quiet = pcm(speech(gain=10 ** (-30 / 20)))
    with pytest.raises(Rejected, match="no speech found by method silence"):
        segment(quiet, settings(), None)
    kept, _ = segment(quiet, settings(method="adaptive"), None)
    np.testing.assert_allclose(kept, PIECES, atol=25)  # rounding to int16 coarsens levels near -90 dBFS


def test_what_stays_too_short_is_dropped():
    kept, dropped = segment(pcm(speech()), settings(method="vad", vad=DETECTOR, max_gap=0.5), Oracle())
    assert kept.tolist() == [[900, 4_100], [6_900, 10_100]]
    assert dropped.tolist() == [[10_700, 11_900]]


@pytest.mark.parametrize("method", ["silence", "adaptive"])
def test_long_speech_is_split_where_it_is_quietest(method):
    samples = speech()
    samples[round(8.4 * 16_000) : round(8.6 * 16_000)] = 0
    kept, _ = segment(pcm(samples), settings(method=method, min_duration=1.0, max_duration=3.0), None)
    assert any(8_400 <= end <= 8_600 for _, end in kept)
    assert (kept[:, 1] - kept[:, 0]).max() <= 3_000


@pytest.mark.parametrize("method", ["silence", "adaptive", "vad"])
def test_block_size_makes_no_difference(method, monkeypatch):
    given = settings(method=method, vad=DETECTOR, min_duration=0.5, max_duration=2.5)
    detector = Oracle() if method == "vad" else None
    expected = segment(pcm(speech()), given, detector)
    monkeypatch.setattr(segmentation, "BLOCK", 1_003)
    found = segment(pcm(speech()), given, detector)
    assert len(expected.kept) > 2
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


def test_a_last_millisecond_that_is_incomplete_belongs_to_the_recording():
    samples = np.full(16_000 * 3 + 1, 10_000)
    kept, _ = segment(pcm(samples), settings(), None)
    assert kept.tolist() == [[0, 3_001]]


@pytest.mark.parametrize("n_samples", [1, 8, 9, 160])
def test_recordings_of_a_moment(n_samples):
    kept, dropped = segment(pcm(np.full(max(n_samples, 9), 10_000)), settings(method="adaptive", threshold=0.0), None)
    assert len(kept) == 0
    assert len(dropped) == 1


def test_who_stays_whole():
    recording = pcm(np.zeros(16_000 * 2))
    assert stays_whole(recording, settings(keep_below=2.0))
    assert not stays_whole(recording, settings(keep_below=1.99))
    assert stays_whole(recording, settings(method="none"))


@pytest.mark.parametrize(("peak", "reason"), [(0, "-inf dBFS"), (3, "-81 dBFS")])
def test_silent_recordings_are_rejected(peak, reason):
    samples = np.zeros(1_000)
    samples[500] = -peak
    with pytest.raises(Rejected, match=f"silent: its peak is {reason}"):
        check_audible(pcm(samples))


def test_a_recording_with_one_audible_sample_is_not_silent():
    samples = np.zeros(1_000)
    samples[500] = 4
    assert check_audible(pcm(samples)) is None


def test_limits_that_contradict_each_other():
    with pytest.raises(AmelaError, match=r"min_duration \(3 s\) is above max_duration \(2 s\)"):
        settings(min_duration=3, max_duration=2)
