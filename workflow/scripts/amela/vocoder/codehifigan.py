"""Unit HiFi-GAN, as textlesslib and fairseq have it, from their checkpoints; without either of them.

Equal to the original within 1e-4 (docs/fidelity.md). Long utterances are spoken in stretches,
each with as many units around it as its samples depend on, which changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

import numpy as np
import torch

from amela.audio import SAMPLE_RATE
from amela.batches import by_length, in_halves
from amela.device import exact_device, within_memory
from amela.errors import DataError
from amela.units.sequences import deduplicate
from amela.vocoder import Item, Origin
from amela.vocoder.hifigan_weights import load_generator
from amela.vocoder.pretrained import NATURAL, pretrained

# Shape legend: T = units of an utterance, R = units without repeats, N = samples, B = sequences of a batch.

STRETCH = 30.0  # s, spoken at once; bounds memory on utterances that nobody cut
BATCH_SECONDS = 240.0  # on a GPU; more of them are no faster
BYTES_SECOND = 32  # of memory for a second of speech, times channels times steps a second where these are most


class Stretch(NamedTuple):
    """A part of one sequence of units."""

    units_T: np.ndarray  # with its context
    start: int  # its first unit after the context, in the sequence
    skip: int  # units of context before
    kept: int  # units


def stretches(units_T: np.ndarray, longest: int, context: int) -> List[Stretch]:
    """The sequence in parts of ``longest`` units, with ``context`` units around each where there are any."""
    starts = range(0, len(units_T), longest)
    first = [max(0, start - context) for start in starts]
    stops = [min(start + longest, len(units_T)) for start in starts]
    return [
        Stretch(units_T[begin : stop + context], start, start - begin, stop - start)
        for begin, start, stop in zip(first, starts, stops)
    ]


class CodeHifiganVocoder:
    """See ``amela.vocoder.Vocoder``."""

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
        self.device = exact_device()
        self._generator = load_generator(self._about.files.generator, self._about.config).to(self.device)
        self._stretch = max(1, round(STRETCH / self.hop))
        self._context = self._generator.context()
        self.batch_seconds = batch_seconds or self._worthwhile()

    def _worthwhile(self) -> float:
        """Padded seconds a batch that half of a GPU's memory has room for; 0 on a CPU: batches are no faster."""
        if self.device.type == "cpu":
            return 0.0
        config, rate, widest = self._about.config, SAMPLE_RATE // self._about.config.hop_samples, 0
        for stage, factor in enumerate(config.rates, 1):
            rate *= factor
            widest = max(widest, config.channels // 2**stage * rate)
        memory = torch.cuda.get_device_properties(self.device).total_memory
        return min(BATCH_SECONDS, memory / 2 / (BYTES_SECOND * widest))

    def synthesise(self, batch: Sequence[Item]) -> List[np.ndarray]:
        """See ``amela.vocoder.Vocoder.synthesise``."""
        step, predicted = self._about.config.hop_samples, self._about.predicted
        sequences = [self._with_durations(item.units_T) if predicted else item.units_T for item in batch]
        lengths = [step * len(units_T) if predicted else item.n_samples for units_T, item in zip(sequences, batch)]
        speech = [np.zeros(n_samples, dtype=np.float32) for n_samples in lengths]
        parts = [
            (samples_N, part)
            for samples_N, units_T in zip(speech, sequences)
            for part in stretches(units_T, self._stretch, self._context)
        ]
        for indices in by_length([len(part.units_T) * self.hop for _, part in parts], self.batch_seconds):
            for index, spoken_N in zip(indices, self._speak([parts[index][1] for index in indices])):
                samples_N, part = parts[index]
                there_N = samples_N[part.start * step :][: len(spoken_N)]  # what is beyond the natural end is left out
                there_N[:] = spoken_N[: len(there_N)]
        return speech

    def _speak(self, parts: Sequence[Stretch]) -> List[np.ndarray]:
        """Speech of stretches, without their context; where the GPU is full, of one half and then the other.

        Raises:
            AmelaError: one stretch alone is too much for the GPU.
            DataError: the generator makes no sound of them.
        """
        spoken = in_halves(lambda few: within_memory(self._generated, few, self.device), parts, "choose another GPU")
        step = self._about.config.hop_samples
        kept = [row_N[part.skip * step :][: part.kept * step].copy() for row_N, part in zip(spoken, parts)]
        if not all(np.isfinite(samples_N).all() for samples_N in kept):
            raise DataError("speech that is not finite: broken weights", self._about.files.generator)
        return kept

    @torch.inference_mode()
    def _generated(self, parts: Sequence[Stretch]) -> List[np.ndarray]:
        units_BT = self._tensor([part.units_T for part in parts])
        lengths = [len(part.units_T) for part in parts]
        return list(self._generator(units_BT, lengths, self._about.speaker, self._about.style).cpu().numpy())

    def _tensor(self, sequences: Sequence[np.ndarray]) -> torch.Tensor:
        """Units as int64 (B, T) on the device, shorter sequences with some unit behind their ends."""
        units_BT = np.zeros((len(sequences), max(map(len, sequences))), dtype=np.int64)
        for row_T, units_T in zip(units_BT, sequences):
            row_T[: len(units_T)] = units_T
        return torch.from_numpy(units_BT).to(self.device)

    def _with_durations(self, units_T: np.ndarray) -> np.ndarray:
        """The units without repeats, each for as long as the model has it last."""
        units_R, _ = deduplicate(units_T)
        predictor = self._generator.dur_predictor
        frames: List[np.ndarray] = []
        with torch.inference_mode():
            for part in stretches(units_R, self._stretch, 2):  # two convolutions of three units
                embedded = self._generator.dict(self._tensor([part.units_T]))
                frames.append(predictor(embedded)[0, part.skip : part.skip + part.kept].cpu().numpy())
        return np.repeat(units_R, np.concatenate(frames))
