"""Any encoder as an upstream of s3prl.

Interface: s3prl/upstream/example/expert.py and s3prl/upstream/interfaces.py of s3prl 0.4.18.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import torch
from torch import nn

from amela.audio import SAMPLE_RATE
from amela.checkpoints.receipt import read_receipt
from amela.encoders import load_encoder
from amela.encoders.frames import hop_samples
from amela.io.manifest import Utterance
from amela.units.stream import Stream

# Shape legend: B = batch, N = samples, T = frames, D = dimension.


class UpstreamExpert(nn.Module):
    """Frozen features of an encoder: one hidden state, of its layer, not normalised.

    Normalisation by speaker needs a corpus; s3prl has single utterances.
    """

    def __init__(self, settings: Path, **_: Any) -> None:
        """
        Args:
            settings: settings.json of ``amela.export.upstream``.

        Raises:
            AmelaError: the encoder cannot be made, or its weights are not where they were.
        """
        super().__init__()
        found = json.loads(settings.read_text("utf-8"))
        receipt = read_receipt(settings.parent / found["checkpoint"]) if found["checkpoint"] else None
        self._encoder = load_encoder(found["encoder"], receipt)
        self._hop = hop_samples(self._encoder.hop)

    def get_downsample_rates(self, key: str) -> int:
        """Samples of 16 kHz a frame, the same for every key."""
        return self._hop

    def forward(self, wavs: List[torch.Tensor]) -> Dict[str, Any]:
        """Hidden states of waveforms (N,), 16 kHz: ``hidden_states``: [(B, T, D)], zeros behind the shorter ones.

        Long ones are encoded in stretches, and a batch that the device cannot hold in halves.

        Raises:
            Rejected: a waveform is too short, or not finite.
        """
        samples = [wav.detach().cpu().numpy().astype(np.float32, copy=False) for wav in wavs]
        features = [torch.as_tensor(features_TD) for features_TD in self._features(samples)]
        shape = (len(features), max(map(len, features)), self._encoder.dimension)
        hidden_BTD = wavs[0].new_zeros(shape, dtype=torch.float32)
        for hidden_TD, features_TD in zip(hidden_BTD, features):
            hidden_TD[: len(features_TD)] = features_TD.to(hidden_TD.device)
        return {"hidden_states": [hidden_BTD], "last_hidden_state": hidden_BTD}

    def _features(self, samples: List[np.ndarray]) -> List[Any]:
        """Features of each waveform, (T, D)."""

        def load(utterance: Utterance) -> np.ndarray:
            start = round(utterance.offset * SAMPLE_RATE)
            return samples[int(utterance.id)][start : start + round(utterance.duration * SAMPLE_RATE)]

        def finish(_: Utterance, features_TD: Any) -> torch.Tensor:
            return torch.as_tensor(features_TD)

        utterances = [Utterance(str(number), "", len(clip) / SAMPLE_RATE) for number, clip in enumerate(samples)]
        (window,) = Stream(self._encoder, load, finish).run([utterances])
        return [torch.cat(encoded.result()) for encoded in window]
