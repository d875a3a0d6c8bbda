"""WebRTC's detector: decisions instead of probabilities. Needs envs/vad-webrtc.yaml.

Very fast, and in noise or music much less reliable than a neural model.
"""

from __future__ import annotations

from typing import Iterable

import numpy as np
import webrtcvad

from amela.audio import SAMPLE_RATE
from amela.vad.frames import framed

# Frames of 10, 20 and 30 ms are possible. The longest gives the steadiest decisions and the
# fewest calls; it is near the 32 ms of silero.
HOP = 480


class WebrtcDetector:
    """Frames of 30 ms, each 1 (speech) or 0."""

    hop = HOP / SAMPLE_RATE

    def __init__(self, aggressiveness: int = 2) -> None:
        """``aggressiveness``: from 0, which keeps most speech, to 3, which keeps least noise."""
        self._aggressiveness = aggressiveness

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """(T,) float32; see ``amela.vad.Detector``."""
        detector = webrtcvad.Vad(self._aggressiveness)  # it has no reset: one for each file
        decisions = [
            detector.is_speech(frame_H.tobytes(), SAMPLE_RATE)
            for frames_BH in framed(blocks, HOP)
            for frame_H in frames_BH
        ]
        return np.array(decisions, np.float32)
