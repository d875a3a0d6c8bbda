"""The ways from speech files to units that ``encode.py`` compares; each reads the files itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Protocol, Sequence, Tuple

import numpy as np
import torch
from base_model import LAYER, BaseModel
from machine import has_bfloat16

from amela.audio.load import load_utterance
from amela.batches import windows
from amela.device import best_device
from amela.encoders import load_encoder
from amela.io.manifest import Utterance
from amela.units.assignment import TensorAssigner
from amela.units.codebook import Codebook
from amela.units.quantizer import Quantizer
from amela.units.stream import Stream

READER = Path(__file__).parent / "fairseq_reader.py"
TOGETHER = 8  # files a batch, in the order of files


class Cost(NamedTuple):
    """What a turn took, in seconds."""

    cpu: float
    wall: float
    waited: Optional[float] = None  # of ``wall``, for audio


class Variant(Protocol):
    name: str
    low_precision: bool  # of the blocks' matrix products

    def encode(self, clips: List[Utterance]) -> Tuple[Cost, List[np.ndarray]]:
        """Units of each clip, and what they cost."""
        ...


def finish() -> None:
    """Wait for what the GPU has been given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class Transformers:
    """transformers' own model, one file at a time or ``together`` in the order of files, padded, with its mask."""

    low_precision = False

    def __init__(self, model: Any, attention: str, assign: TensorAssigner, together: int = 1) -> None:
        way = "per file" if together == 1 else f"{together} padded in file order"
        self.name = f"transformers {attention}, {way}"
        self._model, self._attention, self._assign, self._together = model, attention, assign, together

    def encode(self, clips: List[Utterance]) -> Tuple[Cost, List[np.ndarray]]:
        self._model.set_attn_implementation(self._attention)
        cpu, wall = time.process_time(), time.perf_counter()
        units: List[np.ndarray] = []
        for start in range(0, len(clips), self._together):
            units += self._batch([load_utterance(clip) for clip in clips[start : start + self._together]])
        finish()
        return Cost(time.process_time() - cpu, time.perf_counter() - wall), units

    @torch.inference_mode()
    def _batch(self, batch: Sequence[np.ndarray]) -> List[np.ndarray]:
        waveforms = [torch.from_numpy(samples_N) for samples_N in batch]
        lengths = torch.tensor([len(waveform_N) for waveform_N in waveforms])
        padded_BN = torch.nn.utils.rnn.pad_sequence(waveforms, batch_first=True).to(self._model.device)
        mask_BN = torch.arange(padded_BN.shape[1]) < lengths[:, None] if len(batch) > 1 else None
        mask_BN = None if mask_BN is None else mask_BN.long().to(self._model.device)
        features_BTD = self._model(padded_BN, attention_mask=mask_BN).last_hidden_state
        frames = self._model._get_feat_extract_output_lengths(lengths).tolist()
        return [self._assign(features_TD[:T]) for features_TD, T in zip(features_BTD, frames)]


class Watched:
    """An encoder and a loader that note when a batch waited for its audio.

    A ``Stream`` asks for a batch when the units of the one before are back from the device; if
    audio of it has not been read by then, the device has nothing to do until it has.
    """

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._read: Dict[int, float] = {}  # when samples were there, by id: the stream holds them until then
        self.free_since = 0.0  # when the device had nothing left to do
        self.waited = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def load(self, clip: Utterance) -> np.ndarray:
        samples_N = load_utterance(clip)
        self._read[id(samples_N)] = time.perf_counter()
        return samples_N

    def encode(self, batch: Sequence[np.ndarray], moments: Optional[Sequence[Any]] = None) -> List[Any]:
        ready = max(self._read.pop(id(samples_N), 0.0) for samples_N in batch)  # not there: the half of a batch
        self.waited += max(0.0, ready - self.free_since)
        return self._encoder.encode(batch, moments)


class Amela:
    """What the stage kmeans_assign does with a shard, without its journal."""

    def __init__(self, name: str, encoder: Any, codebook: Codebook, batch_seconds: float, low_precision: bool) -> None:
        self.name, self.low_precision = name, low_precision
        self._encoder, self._batch_seconds = encoder, batch_seconds
        self._quantizer = Quantizer(encoder, codebook)

    def encode(self, clips: List[Utterance]) -> Tuple[Cost, List[np.ndarray]]:
        watched = Watched(self._encoder)

        def units(clip: Utterance, features_TD: torch.Tensor) -> np.ndarray:
            found_T = self._quantizer.units(clip, features_TD)  # on the CPU: the device has finished
            watched.free_since = time.perf_counter()
            return found_T

        stream = Stream(watched, watched.load, units, self._batch_seconds)
        cpu, wall = time.process_time(), time.perf_counter()
        watched.free_since = wall
        done = [encoded for window in stream.run(windows(clips, stream.batch_seconds)) for encoded in window]
        finish()
        cost = Cost(time.process_time() - cpu, time.perf_counter() - wall, watched.waited)
        return cost, [np.concatenate(encoded.result()) for encoded in done]


class Original:
    """textlesslib's or fairseq's own way, in a process of another environment."""

    low_precision = False

    def __init__(self, python: Path, model: BaseModel, centroids_KD: np.ndarray, folder: Path) -> None:
        self._units = folder / "units.npz"
        np.save(folder / "centroids.npy", centroids_KD)
        command = [str(python), str(READER), str(model.receipt.only_file()), str(LAYER), str(folder / "centroids.npy")]
        command.append(best_device().type)
        self._log = (folder / f"reader-{python.parts[-3]}.log").open("w+")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        about = self._answer()
        self.name = f"{about['name']} per file (torch {about['torch'].partition('+')[0]})"

    def _answer(self) -> Dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(self._log.read().strip().rpartition("\n")[2])
        return json.loads(line)

    def encode(self, clips: List[Utterance]) -> Tuple[Cost, List[np.ndarray]]:
        task = {"clips": [clip.audio_filepath for clip in clips], "units": str(self._units)}
        print(json.dumps(task), file=self._process.stdin, flush=True)
        cost = Cost(**self._answer())
        with np.load(self._units) as found:
            return cost, [found[f"arr_{index}"] for index in range(len(clips))]

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def originals(pythons: Sequence[Path], model: BaseModel, centroids_KD: np.ndarray, folder: Path) -> List[Original]:
    """Those that can run here; of the others it is said why not."""
    found = []
    for python in pythons:
        try:
            found.append(Original(python, model, centroids_KD, folder))
        except RuntimeError as error:  # as a GPU that its old torch does not know
            print(f"{python} is left out: {error}", file=sys.stderr)
    return found


def transformers_variants(model: BaseModel, assign: TensorAssigner) -> List[Transformers]:
    """Those of transformers, all with one copy of the weights."""
    if model.spec["backend"] == "fairseq":
        from amela.encoders.fairseq import build_model, read_checkpoint

        network = build_model(read_checkpoint(model.receipt.only_file()))
    else:
        from amela.encoders.hf import load_model

        network = load_model(model.receipt).eval()
    network = network.to(best_device())
    ways = (("eager", 1), ("sdpa", 1), ("sdpa", TOGETHER))
    return [Transformers(network, attention, assign, together) for attention, together in ways]


def amela_variants(
    model: BaseModel, codebook: Codebook, precisions: Sequence[str], budgets: Sequence[float]
) -> List[Amela]:
    """Ours: precisions, compiled or not, and budgets of padded seconds; 0: one at a time.

    What is compiled is measured with one budget, the first on a CPU and the last on a GPU; so is a
    precision that has no instructions of its own, which nobody would choose.
    """
    made = []
    preferred = budgets[:1] if best_device().type == "cpu" else budgets[-1:]
    can_compile = bool(shutil.which("g++") or shutil.which("clang++"))
    if not can_compile:
        print("no C++ compiler on PATH: nothing is compiled", file=sys.stderr)
    for precision in precisions:
        emulated = precision == "bf16" and not has_bfloat16(best_device())
        for compiled in (False, True) if can_compile and not emulated else (False,):
            encoder = load_encoder({**model.spec, "precision": precision}, model.receipt, compile=compiled)
            for seconds in preferred if compiled or emulated else budgets:
                name = f"AMELA {precision}" + (", compiled" if compiled else "")
                name += f", batches of {seconds:g} s" if seconds else ", one at a time"
                # less than any clip has: each is a batch
                made.append(Amela(name, encoder, codebook, seconds or 0.1, precision != "fp32"))
    return made
