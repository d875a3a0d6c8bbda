"""textlesslib's own unit HiFi-GAN, in the environment of the original stack: what codehifigan is compared with.

One utterance at a time and as a whole, as textlesslib does it, so that memory grows with its length; on the
CPU: the torch of that time knows none of today's GPUs. It unpickles the checkpoint, which can run code.
"""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence

import numpy as np
import torch

from amela.textlesslib import loading
from amela.units.sequences import deduplicate
from amela.vocoder import Item, Origin
from amela.vocoder.durations import fit
from amela.vocoder.hifigan_checkpoint import CheckpointFiles
from amela.vocoder.pretrained import NATURAL, pretrained

if TYPE_CHECKING:
    from textless.vocoders.hifigan.vocoder import CodeHiFiGANVocoder

# Shape legend: T = units of an utterance, N = samples.

INSTEAD = "use backend: codehifigan, which reads the same checkpoints"


class TextlessVocoder:
    """See ``amela.vocoder.Vocoder``."""

    device = "cpu"
    batch_seconds = 0.0  # it takes one utterance at a time

    def __init__(
        self,
        model: Path,
        origin: Origin,
        speaker: Optional[str] = None,
        style: Optional[str] = None,
        durations: str = NATURAL,
        batch_seconds: float = 0.0,
    ) -> None:
        torch.set_num_threads(1)
        self._about = pretrained(model, origin, speaker, style, durations)
        self.hop, self.fingerprint = self._about.hop, self._about.fingerprint
        self.check = self._about.check
        self._model = load_original(self._about.files)

    def synthesise(self, batch: Sequence[Item]) -> List[np.ndarray]:
        """See ``amela.vocoder.Vocoder.synthesise``."""
        return [self._speech(item) for item in batch]

    def _speech(self, item: Item) -> np.ndarray:
        about = self._about
        units_T = deduplicate(item.units_T)[0] if about.predicted else item.units_T
        code_1T = torch.from_numpy(units_T.astype(np.int64))[None]
        with torch.no_grad():
            speech_N = self._model(code_1T, about.speaker, about.style, dur_prediction=about.predicted)
        samples_N = speech_N.numpy()
        return samples_N if about.predicted else fit(samples_N, item.n_samples)


def load_original(files: CheckpointFiles) -> CodeHiFiGANVocoder:
    """textlesslib's vocoder. Raises AmelaError where it cannot be imported, or not load the checkpoint."""
    with loading(files.generator, INSTEAD):
        from textless.vocoders.hifigan.vocoder import CodeHiFiGANVocoder

        return CodeHiFiGANVocoder(*(path and str(path) for path in astuple(files))).eval()
