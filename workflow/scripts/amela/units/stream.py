"""A shard through an encoder: audio decoded ahead, batches on the device, results in order."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Generic, Iterable, Iterator, List, Optional, Sequence, Tuple, TypeVar

import numpy as np

from amela.audio.load import Loaded, Loader, loaded
from amela.audio.samples import check_samples
from amela.batches import ahead, by_length, in_halves, loaders
from amela.encoders import Encoder
from amela.errors import Rejected
from amela.io.manifest import Utterance
from amela.units.chunks import Stretch, blocks, stretches

# Shape legend: N = samples, T = frames, D = feature dimension.

T = TypeVar("T")


@dataclass
class Encoded(Generic[T]):
    """What became of an utterance."""

    utterance: Utterance
    parts: List[T] = field(default_factory=list)  # of its stretches, in the order of time
    rejected: Optional[Rejected] = None

    def result(self) -> List[T]:
        """``parts``. Raises Rejected where the utterance could not be encoded."""
        if self.rejected is not None:
            raise self.rejected
        return self.parts


@dataclass(frozen=True)
class Work:
    """One window of utterances, cut into stretches and divided into batches."""

    utterances: List[Utterance]
    stretches: List[Tuple[int, Stretch]]  # with the index of the utterance
    batches: List[List[int]]  # of indices into ``stretches``
    moments: Dict[int, Future]  # of each utterance that is cut into stretches, by its index
    results: Dict[int, Any] = field(default_factory=dict)  # of each stretch: what is kept of it, or Rejected

    def encoded(self) -> List[Encoded]:
        """Results by utterance; the first stretch that is rejected rejects the whole."""
        encoded: List[Encoded] = [Encoded(utterance) for utterance in self.utterances]
        for index, (number, _) in enumerate(self.stretches):
            result = self.results[index]
            if isinstance(result, Rejected):
                encoded[number].rejected = encoded[number].rejected or result
            else:
                encoded[number].parts.append(result)
        return encoded


class Stream(Generic[T]):
    """Encodes windows of utterances (``amela.batches.windows``)."""

    def __init__(
        self, encoder: Encoder, load: Loader, finish: Callable[[Utterance, Any], T], batch_seconds: float = 0.0
    ) -> None:
        """
        Args:
            encoder: of speech.
            load: gives the samples of an utterance.
            finish: makes of the features (T, D) of a stretch what is kept, while they are on the device.
            batch_seconds: padded seconds a batch; 0: as the encoder would have it.
        """
        self._encoder = encoder
        self._load = load
        self._finish = finish
        self.batch_seconds = batch_seconds or encoder.batch_seconds

    def run(self, windows: Iterable[List[Utterance]]) -> Iterator[List[Encoded[T]]]:
        """Results of each window, in the order of its utterances.

        Raises:
            AmelaError: one utterance alone is too much for the device.
        """
        with ThreadPoolExecutor(loaders(self._encoder.device)) as pool:
            for work, batch, loading in ahead(self._begin(windows, pool)):
                self._encode(work, batch, [future.result() for future in loading])
                if batch is work.batches[-1]:
                    yield work.encoded()

    def _begin(
        self, windows: Iterable[List[Utterance]], pool: ThreadPoolExecutor
    ) -> Iterator[Tuple[Work, List[int], List[Future]]]:
        """Every batch of every window, with its audio being decoded."""
        for window in windows:
            parts = [(number, part) for number, item in enumerate(window) for part in stretches(item, self._encoder)]
            batches = by_length([part.audio.duration for _, part in parts], self.batch_seconds)
            counts = Counter(number for number, _ in parts)
            cut = [number for number, count in counts.items() if count > 1]
            work = Work(window, parts, batches, {n: pool.submit(self._moments, window[n]) for n in cut})
            for batch in batches:
                audio = [parts[index][1].audio for index in batch]
                yield work, batch, [pool.submit(loaded, self._load, each, self._encoder.check) for each in audio]

    def _moments(self, utterance: Utterance) -> Any:
        """Of the whole utterance; None where it cannot be read or is not finite, which its stretches will tell."""
        try:
            return self._encoder.moments(self._samples(utterance))
        except Rejected:
            return None

    def _samples(self, utterance: Utterance) -> Iterator[np.ndarray]:
        for block in blocks(utterance, self._encoder):
            samples_N = self._load(block)
            check_samples(samples_N)
            yield samples_N

    def _encode(self, work: Work, batch: List[int], given: Sequence[Loaded]) -> None:
        """Results of one batch."""
        work.results.update(zip(batch, given))
        whole = {index: samples_N for index, samples_N in zip(batch, given) if not isinstance(samples_N, Rejected)}
        known = [work.moments.get(work.stretches[index][0]) for index in whole]
        moments = [future.result() if future else None for future in known]
        items = list(zip(whole.values(), moments))
        for index, features_TD in zip(whole, in_halves(self._features, items, "give the encoder a smaller chunk")):
            number, part = work.stretches[index]
            kept_TD = features_TD[part.skip : part.skip + part.frames]
            work.results[index] = self._finish(work.utterances[number], kept_TD)

    def _features(self, items: Sequence[Tuple[np.ndarray, Any]]) -> List[Any]:
        """Features of a batch of samples, with the moments of what they are of."""
        clips, moments = map(list, zip(*items))
        return self._encoder.encode(clips, moments)
