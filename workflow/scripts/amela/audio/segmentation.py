"""Where to cut a recording: speech by silence, by its own levels or by a detector; then pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.audio.decode import Pcm
from amela.audio.levels import HOP, Envelope, adaptive_threshold, millisecond_energies, peak_level
from amela.audio.pieces import Curve, Limits, make_pieces
from amela.audio.silence import nonsilent_ranges
from amela.errors import AmelaError, Rejected
from amela.vad import Detector
from amela.vad.intervals import speech_intervals

BLOCK = 1 << 18  # samples read at once: 16 s
SILENT = -80.0  # dBFS; a recording whose loudest sample is below it holds no speech


@dataclass(frozen=True)
class Segmentation:
    """One entry of the configuration's section ``segmentations``. Seconds, but for seek_step (ms)."""

    method: str  # none, silence, adaptive or vad
    keep_below: float
    threshold: Optional[float]  # dBFS; silence alone
    min_silence: Optional[float]  # silence and adaptive
    seek_step: Optional[int]  # silence and adaptive
    vad: Optional[Mapping[str, Any]]  # method vad: settings of the detector
    padding: float
    min_duration: float
    max_duration: float
    max_gap: float

    def __post_init__(self) -> None:
        if self.min_duration > self.max_duration:
            shortest, longest = self.min_duration, self.max_duration
            raise AmelaError(f"min_duration ({shortest} s) is above max_duration ({longest} s)", "segmentations")

    def limits(self) -> Limits:
        return Limits(*map(to_ms, (self.padding, self.min_duration, self.max_duration, self.max_gap)))


class Segments(NamedTuple):
    """Pieces of a recording: (N, 2) int64 start and end in ms. The last may end within a ms."""

    kept: np.ndarray
    dropped: np.ndarray  # shorter than min_duration, with no neighbour to join


def to_ms(seconds: float) -> int:
    return round(seconds * 1000)


def stays_whole(pcm: Pcm, settings: Segmentation) -> bool:
    """Is the recording one utterance as it is?"""
    return settings.method == "none" or pcm.duration <= settings.keep_below


def check_audible(pcm: Pcm) -> None:
    """Raise Rejected if the recording is silent from end to end."""
    peak = peak_level(pcm.blocks(BLOCK))
    if peak < SILENT:
        raise Rejected(f"silent: its peak is {peak:.0f} dBFS")


def segment(pcm: Pcm, settings: Segmentation, detector: Optional[Detector]) -> Segments:
    """Pieces of a recording that holds more than silence.

    Args:
        pcm: the recording.
        settings: how to find speech, and what pieces must be like. Its padding takes the
            place of the detector's own, so that no piece is padded twice.
        detector: for method vad.

    Raises:
        Rejected: no speech is found.
    """
    speech_N2, curve = find_by_level(pcm, settings) if detector is None else find_by_detector(pcm, settings, detector)
    if not len(speech_N2):
        raise Rejected(f"no speech found by method {settings.method}")
    length = -(-pcm.n_samples * 1000 // SAMPLE_RATE)  # the last ms may be incomplete
    return Segments(*make_pieces(speech_N2, length, curve, settings.limits()))


def find_by_level(pcm: Pcm, settings: Segmentation) -> Tuple[np.ndarray, Curve]:
    """Stretches (N, 2) in ms between silences of min_silence, and the power over time."""
    envelope = Envelope()
    energies = envelope.watch(millisecond_energies(pcm.blocks(BLOCK)))
    threshold = settings.threshold
    if settings.method == "adaptive":
        for _ in energies:
            pass
        threshold = adaptive_threshold(envelope.powers())
        energies = millisecond_energies(pcm.blocks(BLOCK))
    speech_N2 = nonsilent_ranges(energies, threshold, to_ms(settings.min_silence), settings.seek_step)
    return speech_N2, Curve(envelope.powers(), HOP)


def find_by_detector(pcm: Pcm, settings: Segmentation, detector: Detector) -> Tuple[np.ndarray, Curve]:
    """Stretches (N, 2) of speech in ms, and the probability of speech over time."""
    probabilities_T = detector.probabilities(pcm.blocks(BLOCK))
    thresholds = {key: settings.vad[key] for key in ("onset", "offset", "min_on", "min_off")}
    intervals_N2 = speech_intervals(probabilities_T, detector.hop, pcm.duration, padding=0.0, **thresholds)
    speech_N2 = np.rint(intervals_N2 * 1000).astype(np.int64)
    speech_N2 = speech_N2[speech_N2[:, 0] < speech_N2[:, 1]]  # a last frame of a few samples
    return speech_N2, Curve(probabilities_T, detector.hop * 1000)
