"""Audio of any kind → 16 kHz mono int16, in bounded memory.

libsndfile reads first. FFmpeg takes over where it cannot, and reads a second time where
the decoded length and the header disagree; whichever gives more audio is taken, and the
disagreement is told in ``Pcm.warning``.
"""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import IO, Iterable, Iterator, List, Optional, Type

import numpy as np
import soxr

from amela.audio import SAMPLE_RATE
from amela.audio.access import check_file, rejecting
from amela.audio.readers import Block, FfmpegReader, Reader, SoundFileReader, Undecodable
from amela.audio.samples import to_int16
from amela.errors import AmelaError, Rejected

RATES = (1_000, 768_000)  # Hz; beyond, the header is broken
IN_MEMORY = 600 * SAMPLE_RATE * 2  # bytes: ten minutes; longer recordings go to a temporary file
TOLERANCE = 0.1  # s, plus a thousandth: padding of encoders, rounding of containers
CLIPPED = 0.01  # share of samples beyond ±1 that is worth a warning
SAMPLE_BYTES = 2


class Pcm:
    """Decoded recording: 16 kHz mono int16. A context manager, which lets go of the samples.

    Attributes:
        n_samples: length in samples.
        native: the file itself is 16 kHz mono, libsndfile reads it without loss, and its
            header tells the truth: it may be referenced instead of copied.
        warning: one sentence on what is wrong with the file; None if nothing is.
    """

    def __init__(self, store: IO[bytes], n_samples: int, native: bool, warning: Optional[str]) -> None:
        self._store = store
        self.n_samples = n_samples
        self.native = native
        self.warning = warning

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_samples / SAMPLE_RATE

    def read(self, start: int, stop: int) -> np.ndarray:
        """Samples [start, stop) as int16 (N,); fewer at the end of the recording."""
        if start < 0:
            raise ValueError(f"start must not be negative: {start}")
        self._store.seek(start * SAMPLE_BYTES)
        content = self._store.read(max(min(stop, self.n_samples) - start, 0) * SAMPLE_BYTES)
        return np.frombuffer(content, dtype=np.int16).copy()

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Consecutive int16 blocks of ``size`` samples; the last may be shorter."""
        for start in range(0, self.n_samples, size):
            yield self.read(start, start + size)

    def __enter__(self) -> Pcm:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._store.close()


def decode(path: Path) -> Pcm:
    """Decode a recording; use as ``with decode(path) as pcm``.

    Channels are averaged, resampling is soxr's HQ, samples beyond ±1 are clipped. More than
    ten minutes are kept in a temporary file (in ``TMPDIR``).

    Raises:
        Rejected: there is no such file, it cannot be read, holds no audio, or no sane audio.
        AmelaError: the temporary folder is full.
        OSError: the disk fails that the recording lies on.
    """
    check_file(path)
    results: List[_Decoded] = []
    reasons: List[str] = []
    best: Optional[_Decoded] = None
    try:
        for reader in (SoundFileReader, FfmpegReader):
            try:
                with rejecting(path):  # it may have vanished since
                    results.append(_run(reader, path))
            except Undecodable as error:
                reasons.append(str(error))
            if results and not results[0].doubtful:
                break
        if not results:
            raise Rejected(f"cannot be decoded ({'; '.join(reasons)})", path)
        best = max(results, key=lambda result: result.n_samples)  # the first of equals
        if not best.n_samples:
            best = None
            raise Rejected(f"no samples in it{f' ({reasons[0]})' if reasons else ''}", path)
    finally:
        for result in results:
            if result is not best:
                result.store.close()
    stated = next((result.header_seconds for result in results if result.header_seconds is not None), None)
    warning = best.warning(stated)
    return Pcm(best.store, best.n_samples, best.complete and warning is None, warning)


@dataclass
class _Decoded:
    """What one decoder made of a file."""

    store: IO[bytes]
    header_seconds: Optional[float]
    exact: bool
    fault: Optional[str] = None
    seconds: float = 0.0  # that the decoder gave, before resampling
    n_samples: int = 0  # after it
    n_clipped: int = 0

    @property
    def doubtful(self) -> bool:
        """Is it worth asking another decoder?"""
        return self.fault is not None or not self.n_samples or self._differs_from(self.header_seconds)

    @property
    def complete(self) -> bool:
        """Is the file, as libsndfile finds it, exactly what was decoded?"""
        stated = self.header_seconds
        return self.exact and stated is not None and round(stated * SAMPLE_RATE) == self.n_samples

    def _differs_from(self, stated: Optional[float]) -> bool:
        return stated is not None and abs(stated - self.seconds) > TOLERANCE + self.seconds / 1000

    def warning(self, stated: Optional[float]) -> Optional[str]:
        """Everything that is wrong, as one sentence; ``stated``: seconds, says the header."""
        wrong = [self.fault] if self.fault else []
        if self._differs_from(stated):
            wrong.append(f"header says {stated:.1f} s, {self.seconds:.1f} s decode")
        if self.n_clipped > CLIPPED * self.n_samples:
            wrong.append(f"{self.n_clipped / self.n_samples:.0%} of the samples lie beyond ±1 and were clipped")
        return "; ".join(wrong) or None


def _run(open_reader: Type[Reader], path: Path) -> _Decoded:
    """Decode the whole file. Raises Rejected on samples or sample rates that mean nothing."""
    store = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
    try:
        with open_reader(path) as reader:
            decoded = _Decoded(store, None if reader.guessed else reader.header_seconds, reader.exact)
            for samples in _resampled(_timed(reader.blocks(), decoded), path):
                if not np.isfinite(samples).all():
                    raise Rejected("samples that are not finite (NaN or Inf)", path)
                _write(store, to_int16(samples).tobytes())
                decoded.n_samples += len(samples)
                decoded.n_clipped += int(np.count_nonzero(np.abs(samples) > 1))
            decoded.fault = reader.fault
        return decoded
    except BaseException:
        store.close()
        raise


def _timed(blocks: Iterable[Block], decoded: _Decoded) -> Iterator[Block]:
    """The blocks, their seconds added up in ``decoded``."""
    for rate, samples in blocks:
        decoded.seconds += len(samples) / max(rate, 1)
        yield rate, samples


def _resampled(blocks: Iterable[Block], path: Path) -> Iterator[np.ndarray]:
    """Mono blocks at 16 kHz; where the rate changes in mid-stream, resampling starts anew."""
    for rate, run in itertools.groupby(blocks, key=itemgetter(0)):
        if not RATES[0] <= rate <= RATES[1]:
            raise Rejected(f"absurd sample rate: {rate} Hz", path)
        if rate == SAMPLE_RATE:
            yield from (samples for _, samples in run)
            continue
        resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        for _, samples in run:
            yield resampler.resample_chunk(samples)
        yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)


def _write(store: IO[bytes], content: bytes) -> None:
    try:
        store.write(content)
    except OSError as error:
        raise AmelaError(
            f"decoded audio cannot be kept: {error.strerror}", tempfile.tempdir, "set TMPDIR to a folder with room"
        ) from error
