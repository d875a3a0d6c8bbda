"""TEN VAD, frame by frame. Needs envs/vad-ten.yaml, x86-64 Linux and LLVM's libc++.

Optional: the library's licence is Apache-2.0 with a clause against competing with its
maker, so read it before use. It answers as well as silero does, and more slowly.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Iterable

import numpy as np

from amela.audio import SAMPLE_RATE
from amela.errors import AmelaError
from amela.vad.frames import framed

HOP = 256  # samples of a frame; with the other choice, 160, the first answer is -1
THRESHOLD = 0.5  # of the library's own decisions, which are not used
RUNTIME = ("libc++abi.so.1", "libc++.so.1")  # in the order in which they depend on each other


def load_runtime() -> None:
    """Load LLVM's C++ library, from the environment or the system, before ten_vad asks for it.

    Raises:
        AmelaError: it is neither here nor there.
    """
    for name in RUNTIME:
        own = Path(sys.prefix, "lib", name)
        # Not RTLD_GLOBAL: onnxruntime would then take this runtime's symbols for its own and crash.
        try:
            ctypes.CDLL(str(own) if own.exists() else name)
        except OSError as error:
            raise AmelaError(
                f"ten_vad needs LLVM's C++ library: {error}",
                sys.prefix,
                "install conda-forge's libcxx into the environment, or Debian's libc++1 and libc++abi1"
                " on the machine; or choose the backend silero",
            ) from error


class TenDetector:
    """Frames of 16 ms."""

    hop = HOP / SAMPLE_RATE

    def __init__(self) -> None:
        load_runtime()
        from ten_vad import TenVad

        self._new_handle = TenVad

    def probabilities(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """(T,) float32; see ``amela.vad.Detector``."""
        handle = self._new_handle(HOP, THRESHOLD)  # it has no reset: one for each file
        # The library reads HOP samples from each frame's address: rows of `framed` are contiguous.
        answers = [handle.process(frame_H)[0] for frames_BH in framed(blocks, HOP) for frame_H in frames_BH]
        return np.array(answers, np.float32)
