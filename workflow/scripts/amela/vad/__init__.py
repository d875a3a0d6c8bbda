"""Voice activity detection. Backends are imported only when asked for: their dependencies never meet.

Standard library only at this level: the Snakefile imports this module.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping, Protocol, Tuple

from amela.errors import AmelaError
from amela.provenance import code_digest

if TYPE_CHECKING:
    import numpy as np

BACKENDS = {
    "silero": "amela.vad.silero:SileroDetector",
    "ten": "amela.vad.ten:TenDetector",
    "webrtc": "amela.vad.webrtc:WebrtcDetector",
    "energy": "amela.vad.energy:EnergyDetector",
}
OPTIONS: Dict[str, Tuple[str, ...]] = {"webrtc": ("aggressiveness",)}  # settings that a model run depends on


class Detector(Protocol):
    """Gives a probability of speech for every frame of 16 kHz mono audio."""

    hop: float  # seconds a frame

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """Probability of speech of each frame of one file.

        Every call starts anew. The sizes of the blocks make no difference. The last frame
        is filled up with zeros: ``T = ceil(samples / (hop * 16000))``.

        Args:
            blocks: consecutive samples of the file, each (n,) int16; n may be 0.

        Returns:
            (T,) float32 in [0, 1].
        """
        ...


def detector_settings(spec: Mapping[str, Any]) -> Dict[str, Any]:
    """The backend and those of its settings that probabilities depend on; no thresholds.

    Args:
        spec: settings of one entry of the configuration's section ``vads``.

    Raises:
        AmelaError: the backend is unknown.
    """
    name = spec.get("backend")
    if name not in BACKENDS:
        raise AmelaError(f"unknown VAD backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    return {"backend": name, **{key: spec[key] for key in OPTIONS.get(name, ()) if key in spec}}


def detector_fingerprint(spec: Mapping[str, Any]) -> Dict[str, Any]:
    """What probabilities are made by: ``detector_settings``, and the code of the backend."""
    options = detector_settings(spec)
    return {**options, "code": code_digest(BACKENDS[options["backend"]].partition(":")[0])}


def load_detector(spec: Mapping[str, Any]) -> Detector:
    """Detector of ``spec["backend"]``; thresholds and other settings in ``spec`` are passed over."""
    options = detector_settings(spec)
    module, _, attribute = BACKENDS[options.pop("backend")].partition(":")
    return getattr(importlib.import_module(module), attribute)(**options)
