"""Silero VAD, all frames of a block in one call. Needs envs/vad-silero.yaml.

The package holds a model that takes a sequence of frames; bare onnxruntime runs it, and
torch, which the package would import, is not needed. The default detector.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Iterable

import numpy as np
import onnxruntime

from amela.audio import SAMPLE_RATE
from amela.audio.samples import INT16_SCALE
from amela.environment import installed_version
from amela.errors import AmelaError
from amela.vad.frames import framed

HOP = 512  # samples of a frame, fixed by the model
CONTEXT = 64  # samples of the frame before that the model sees as well
STATE = (1, 1, 128)  # of each of the LSTM's two states
# Its dependency torch keeps the package out of the environment's pip block, where pins are checked.
PACKAGE, VERSION = "silero-vad", "6.2.3"
MODEL = "data/silero_vad_16k_sequence.onnx"

logger = logging.getLogger("vad")


def package_folder() -> Path:
    """Where the package lies, found without importing it (which would import torch).

    Raises:
        AmelaError: it is not installed, or not in the version that results are known for.
    """
    spec = importlib.util.find_spec("silero_vad")
    found = installed_version(PACKAGE)
    if found != VERSION or spec is None or not spec.submodule_search_locations:
        raise AmelaError(
            f"{PACKAGE} {VERSION} is needed, found: {found or 'none'}",
            "workflow/envs/vad-silero.post-deploy.sh installs it",
            "delete the environment, so that Snakemake makes it again",
        )
    folder = Path(spec.submodule_search_locations[0])
    logger.info("%s %s in %s", PACKAGE, found, folder)
    return folder


class SileroDetector:
    """Frames of 32 ms."""

    hop = HOP / SAMPLE_RATE

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(package_folder() / MODEL), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """(T,) float32; see ``amela.vad.Detector``."""
        hidden = cell = np.zeros(STATE, np.float32)
        context_C = np.zeros(CONTEXT, np.float32)
        parts = [np.zeros(0, np.float32)]
        for frames_BH in framed(blocks, HOP):
            input_BS = np.empty((len(frames_BH), CONTEXT + HOP), np.float32)
            np.divide(frames_BH, np.float32(INT16_SCALE), out=input_BS[:, CONTEXT:])
            input_BS[0, :CONTEXT] = context_C
            input_BS[1:, :CONTEXT] = input_BS[:-1, -CONTEXT:]
            context_C = input_BS[-1, -CONTEXT:].copy()
            inputs = {"input": input_BS, "h": hidden, "c": cell}
            probabilities_B, hidden, cell = self._session.run(["speech_probs", "hn", "cn"], inputs)
            parts.append(probabilities_B)
        return np.concatenate(parts)
