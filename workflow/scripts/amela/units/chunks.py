"""Long utterances in overlapping stretches whose frames, joined, are those of the whole.

A stretch begins on the frame grid of the whole, with frames of context on both sides that
are thrown away, and is normalised by the moments of the whole. Beyond what an encoder sees of
the context nothing differs: spectra are equal bit by bit, transformers as far as they do not
attend to what is further away (docs/fidelity.md).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Iterator, List

from amela.audio import SAMPLE_RATE
from amela.encoders import Encoder
from amela.encoders.frames import hop_samples
from amela.io.manifest import Utterance


@dataclass(frozen=True)
class Stretch:
    """A part of an utterance, with what is encoded around it."""

    audio: Utterance  # the utterance, its offset and duration those of the stretch with its context
    skip: int  # frames of context before
    frames: int  # frames that are kept


def stretches(utterance: Utterance, encoder: Encoder) -> List[Stretch]:
    """The utterance itself where it is no longer than ``encoder.chunk``, else its stretches in the order of time."""
    n_samples = round(utterance.duration * SAMPLE_RATE)
    total = encoder.frames(n_samples)
    if utterance.duration <= encoder.chunk:
        return [Stretch(utterance, 0, total)]
    context = round(encoder.overlap / encoder.hop)
    core = max(1, round(encoder.chunk / encoder.hop) - 2 * context)
    n_stretches = -(-total // core)
    bounds = [total * number // n_stretches for number in range(n_stretches + 1)]  # of nearly the same length
    return [_stretch(utterance, encoder, start, stop, context) for start, stop in zip(bounds, bounds[1:])]


def _stretch(utterance: Utterance, encoder: Encoder, start: int, stop: int, context: int) -> Stretch:
    """Frames ``start`` to ``stop``, with ``context`` frames on both sides where there are any."""
    n_samples = round(utterance.duration * SAMPLE_RATE)
    hop, seen = hop_samples(encoder.hop), round(encoder.receptive_field * SAMPLE_RATE)
    first = max(0, start - context)
    end = min((stop + context) * hop + seen, n_samples)
    audio = dataclasses.replace(
        utterance,
        offset=utterance.offset + first * hop / SAMPLE_RATE,
        duration=(end - first * hop) / SAMPLE_RATE,
    )
    return Stretch(audio, start - first, stop - start)


def blocks(utterance: Utterance, encoder: Encoder) -> Iterator[Utterance]:
    """Consecutive parts of an utterance, ``encoder.chunk`` seconds each, the last one as long as it is."""
    n_samples, step = round(utterance.duration * SAMPLE_RATE), round(encoder.chunk * SAMPLE_RATE)
    for start in range(0, n_samples, step):
        length = min(step, n_samples - start)
        offset = utterance.offset + start / SAMPLE_RATE
        yield dataclasses.replace(utterance, offset=offset, duration=length / SAMPLE_RATE)
