"""The two decoders, libsndfile and FFmpeg, behind one interface: mono blocks at the file's own rate.

``Undecodable`` means that the other decoder may still succeed; any other ``Rejected`` is final.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Iterator, Optional, Tuple, Type

import av
import numpy as np
import soundfile as sf

from amela.audio import SAMPLE_RATE
from amela.audio.containers import mpeg_states_length, riff_data
from amela.errors import Rejected

BLOCK = 1 << 16  # samples read at once
UNKNOWN_FRAMES = 1 << 62  # libsndfile's stand-in for "the header does not say" lies above
EXACT_SUBTYPES = {"PCM_16", "PCM_S8", "PCM_U8"}  # int16 holds every one of their values
GUESSED_LENGTHS = {"mp3", "aac", "loas", "ac3", "eac3", "dts", "amr", "g729"}  # FFmpeg formats without a length

Block = Tuple[int, np.ndarray]  # sample rate (Hz), mono float32 (N,)

av.logging.set_level(None)  # its complaints arrive as exceptions and lengths, not on the terminal


class Undecodable(Rejected):
    """This decoder cannot read the file."""


class Reader:
    """A file opened by one decoder; a context manager.

    Attributes:
        exact: 16 kHz mono that libsndfile hands on unchanged as int16.
        header_seconds: length that the header tells; None where it does not.
        guessed: that length is no more than the file's size over its first bit rate.
        fault: once ``blocks`` has ended, what had to be left out.
    """

    exact = False
    header_seconds: Optional[float] = None
    guessed = False
    fault: Optional[str] = None

    def blocks(self) -> Iterator[Block]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


class SoundFileReader(Reader):
    """WAV, FLAC, AIFF, SPHERE, Ogg, … through libsndfile; not MPEG audio.

    There it stops at the first stretch of garbage, and, where no tag holds the length, at a
    length guessed from the bit rate, both without an error.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = sf.SoundFile(os.fsencode(path))
        except (sf.SoundFileError, TypeError) as error:  # TypeError: an ending that means headerless samples
            raise Undecodable(f"libsndfile: {_message(error)}") from error
        audio = self._file
        if audio.subtype.startswith("MPEG"):
            audio.close()
            raise Undecodable("libsndfile: may stop early on MPEG audio")
        self.exact = (audio.samplerate, audio.channels) == (SAMPLE_RATE, 1) and audio.subtype in EXACT_SUBTYPES
        data = riff_data(path)
        if data is not None and data.hides_samples:
            self.fault = "it holds more than its header declares"
        if audio.frames < UNKNOWN_FRAMES:  # libsndfile cuts an overstated length down to the file
            overstatement = data.overstatement if data is not None else 1.0
            self.header_seconds = audio.frames / max(audio.samplerate, 1) * overstatement

    def blocks(self) -> Iterator[Block]:
        while True:
            try:
                samples_NC = self._file.read(BLOCK, dtype="float32", always_2d=True)
            except sf.SoundFileError as error:
                self.fault = f"decoding stopped early ({_message(error)})"
                return
            if not len(samples_NC):
                return
            yield self._file.samplerate, _mean(samples_NC.T)

    def close(self) -> None:
        self._file.close()


class FfmpegReader(Reader):
    """Everything else (m4a, mp3, webm, …, whatever the file's ending says) through PyAV.

    A WAV whose header hides samples is read to the end of the file.
    """

    def __init__(self, path: Path) -> None:
        data = riff_data(path)
        ignore_length = data is not None and data.hides_samples
        self._file = path.open("rb")  # FFmpeg takes some names for addresses
        try:
            options = {"ignore_length": "1"} if ignore_length else {}
            self._container = av.open(self._file, options=options, metadata_errors="replace")
        except (av.FFmpegError, ValueError) as error:
            self._file.close()
            raise Undecodable(f"FFmpeg: {_message(error)}") from error
        stream = self._container.streams.best("audio")
        if stream is None:
            self.close()
            raise Undecodable("FFmpeg: no audio stream")
        if stream.codec_context is None:
            self.close()
            raise Undecodable("FFmpeg: no decoder for its codec")
        stream.codec_context.thread_count = 1
        self._stream = stream
        name = self._container.format.name
        self.guessed = ignore_length or (name in GUESSED_LENGTHS and not (name == "mp3" and mpeg_states_length(path)))
        if stream.duration is not None:
            self.header_seconds = float(stream.duration * stream.time_base)
        elif self._container.duration is not None:
            self.header_seconds = self._container.duration / av.time_base

    def blocks(self) -> Iterator[Block]:
        kind, fifo = None, av.AudioFifo()
        for frame in self._frames():  # of a thousand samples: gathered into blocks
            if (frame.sample_rate, frame.format.name, frame.layout.name) != kind or fifo.samples >= BLOCK:
                yield from _emptied(fifo)
                kind, fifo = (frame.sample_rate, frame.format.name, frame.layout.name), av.AudioFifo()
            frame.pts = None  # a gap in the times would stop the FIFO
            fifo.write(frame)
        yield from _emptied(fifo)

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Decoded frames; broken packets are left out and counted."""
        n_broken = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                self.fault = f"reading stopped early ({_message(error)})"
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.FFmpegError:
                n_broken += 1
                self.fault = f"{n_broken} damaged packets were left out"

    def close(self) -> None:
        self._container.close()
        self._file.close()


def _emptied(fifo: av.AudioFifo) -> Iterator[Block]:
    if fifo.samples:
        frame = fifo.read(0)  # 0: all there is
        yield frame.sample_rate, _mono(frame)


def _mono(frame: av.AudioFrame) -> np.ndarray:
    """Mono float32 (N,) in [-1, 1] of a frame of any layout."""
    values = frame.to_ndarray()  # (C, N), or (1, N·C) with the channels in turn
    samples_CN = values if frame.format.is_planar else values.reshape(frame.samples, -1).T
    if samples_CN.dtype == np.uint8:
        samples_CN = (samples_CN.astype(np.float32) - 128) / 128
    elif np.issubdtype(samples_CN.dtype, np.integer):
        samples_CN = samples_CN.astype(np.float32) / np.float32(-float(np.iinfo(samples_CN.dtype).min))
    return _mean(samples_CN)


def _mean(samples_CN: np.ndarray) -> np.ndarray:
    """Mean of the channels, float32 (N,)."""
    return samples_CN[0].astype(np.float32) if len(samples_CN) == 1 else samples_CN.mean(axis=0, dtype=np.float32)


def _message(error: Exception) -> str:
    """The decoder's own words, without the name of the file."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()).rstrip(".") or type(error).__name__
