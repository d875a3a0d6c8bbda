"""A recogniser on the same clips in several ways: fixed batches in file order, and the loop of the stage asr."""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
import soundfile
import torch
from asr_batches import TOGETHER, durations, file_order, padding
from speech_clips import real_speech, synthetic_speech

from amela.asr import Outcome, Transcript
from amela.asr.stream import Stream, longest_first
from amela.audio import SAMPLE_RATE
from amela.audio.load import load_utterance
from amela.io.journal import Journal
from amela.io.manifest import Utterance

FIXED = f"{TOGETHER} a batch in file order"


def make_clips(folder: Path, speech: Optional[Path], n: int, seed: int = 1) -> List[Utterance]:
    """Utterances of log-normal durations, one after another in a FLAC file, as the stage segment packs them."""
    counts = [round(seconds * SAMPLE_RATE) for seconds in durations(n, seed)]
    samples_N = real_speech(speech, sum(counts)) if speech else synthetic_speech(sum(counts))
    path = folder / "speech.flac"
    soundfile.write(path, samples_N, SAMPLE_RATE, "PCM_16")
    starts = [sum(counts[:index]) for index in range(n)]
    return [
        Utterance(f"{index:05}", str(path), count / SAMPLE_RATE, offset=start / SAMPLE_RATE)
        for index, (start, count) in enumerate(zip(starts, counts))
    ]


class Turn(NamedTuple):
    """What one way took, and what it understood."""

    cpu: float  # seconds
    wall: float
    waited: Optional[float]  # share of the loop's time that the recogniser waited for audio
    outcomes: List[Outcome]


def finish() -> None:
    """Wait for what the GPU has been given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(way: Callable[[], Turn]) -> Turn:
    cpu, wall = time.process_time(), time.perf_counter()
    turn = way()
    finish()
    return turn._replace(cpu=time.process_time() - cpu, wall=time.perf_counter() - wall)


def in_file_order(recogniser: Any, clips: Sequence[Utterance]) -> Turn:
    """As many clips as ever at a time, read when they are wanted."""
    outcomes: List[Outcome] = []
    for batch in file_order([clip.duration for clip in clips]):
        outcomes += recogniser.transcribe([load_utterance(clips[index]) for index in batch])
    return Turn(0.0, 0.0, None, outcomes)


def in_stream(recogniser: Any, clips: Sequence[Utterance], batch_seconds: float) -> Turn:
    """As the stage does it, with its journal."""
    with tempfile.TemporaryDirectory() as name, Journal(Path(name) / "shard", {}) as journal:
        stream = Stream(recogniser, load_utterance, journal, batch_seconds)
        outcomes = stream.run("bench", clips)
    return Turn(0.0, 0.0, stream.waited / (stream.waited + stream.worked), outcomes)


def reading(clips: Sequence[Utterance]) -> float:
    """× real time at which one core reads the clips."""
    cpu = time.process_time()
    for clip in clips:
        load_utterance(clip)
    return sum(clip.duration for clip in clips) / (time.process_time() - cpu)


class Published:
    """A recogniser that hears nothing, as fast as one on a GPU that takes no core from those who read its audio."""

    device, max_seconds, batch_seconds = "cuda", 40.0, 0.0  # as many threads read for it

    def __init__(self, speed: float) -> None:
        self._speed = speed  # × real time

    def transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        time.sleep(sum(map(len, batch)) / SAMPLE_RATE / self._speed)
        return [Transcript("") for _ in batch]


def texts(outcomes: Sequence[Outcome]) -> List[str]:
    """What was understood. Ends the benchmark where anything was rejected."""
    rejected = [str(outcome) for outcome in outcomes if not isinstance(outcome, Transcript)]
    if rejected:
        raise SystemExit(f"error: {len(rejected)} of {len(outcomes)} clips were rejected: {rejected[0]}")
    return [outcome.text for outcome in outcomes]


def compare(
    recogniser: Any, clips: Sequence[Utterance], budgets: Sequence[float], rounds: int
) -> Dict[str, Dict[str, Any]]:
    """Of each way its medians over the rounds; all ways take their turn in each, another first every time.

    On a CPU process CPU time counts, on a GPU real time.
    """
    lengths = [clip.duration for clip in clips]
    ways: Dict[str, Callable[[], Turn]] = {FIXED: partial(in_file_order, recogniser, clips)}
    padded = {FIXED: padding(file_order(lengths), lengths)}
    for budget in budgets:
        name = f"AMELA, {budget:g} padded seconds"
        ways[name] = partial(in_stream, recogniser, clips, budget)
        padded[name] = padding(longest_first(lengths, budget), lengths)
    in_file_order(recogniser, clips[:TOGETHER])  # what happens once: memory, kernels that are chosen
    turns: Dict[str, List[Turn]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(rounds):
        for name in [*names[number % len(names) :], *names[: number % len(names)]]:
            turns[name].append(timed(ways[name]))
            print(f"round {number + 1}: {name}: {turns[name][-1].cpu:.1f} CPU s", file=sys.stderr)
    clock = "wall" if torch.device(recogniser.device).type == "cuda" else "cpu"
    seconds = {name: [getattr(turn, clock) for turn in each] for name, each in turns.items()}
    expected = texts(turns[FIXED][0].outcomes)
    found: Dict[str, Dict[str, Any]] = {}
    for name, each in turns.items():
        same = [ours == theirs for turn in each for ours, theirs in zip(texts(turn.outcomes), expected)]
        found[name] = {
            "padding": padded[name], "speed": sum(lengths) / median(seconds[name]),
            "beside_fixed": median(fixed / ours for fixed, ours in zip(seconds[FIXED], seconds[name])),
            "identical": sum(same) / len(same), "different": len(set(expected)),
            "waited": None if each[0].waited is None else median(turn.waited for turn in each),
        }  # fmt: skip
    return found
