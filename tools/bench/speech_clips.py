"""Clips to measure encoders on: the lengths of read speech, as 16 kHz mono WAV files."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import numpy as np
import soundfile

from amela.audio import SAMPLE_RATE
from amela.io.manifest import Utterance

# Seconds: the 0th, 5th, 10th … 100th percentile of utterances of read speech.
PERCENTILES = (2.0, 2.6, 3.3, 4.1, 5.0, 6.0, 7.1, 8.3, 9.6, 10.9, 12.1, 13.0, 13.7, 14.3, 14.8, 15.2, 15.7, 16.2, 17.5,
               21.0, 30.0)  # fmt: skip
MEAN = float(np.mean(np.interp(np.linspace(0, 1, 1001), np.linspace(0, 1, len(PERCENTILES)), PERCENTILES)))


def lengths(seconds: float, seed: int) -> List[float]:
    """Seconds of clips that make about ``seconds`` together, in the order of files: none by length."""
    n_clips = max(1, round(seconds / MEAN))
    shares = (np.arange(n_clips) + 0.5) / n_clips
    rng = np.random.default_rng(seed)
    made = np.interp(shares, np.linspace(0, 1, len(PERCENTILES)), PERCENTILES) * rng.uniform(0.98, 1.02, n_clips)
    return list(rng.permutation(made))


def synthetic_speech(n_samples: int) -> np.ndarray:
    """(N,) float32: syllables of a buzzing voice through a wandering resonance, with pauses, in noise."""
    rng = np.random.default_rng(0)
    time_N = np.arange(n_samples) / SAMPLE_RATE
    pitch_N = 130 + 30 * np.sin(2 * np.pi * 0.31 * time_N) + 10 * np.sin(2 * np.pi * 1.7 * time_N)
    phase_N = 2 * np.pi * np.cumsum(pitch_N) / SAMPLE_RATE
    resonance_N = 900 + 600 * np.sin(2 * np.pi * 2.3 * time_N) * np.sin(2 * np.pi * 0.17 * time_N)
    buzz_N = sum(np.sin(k * phase_N) / (1 + ((k * pitch_N - resonance_N) / 300) ** 2) for k in range(1, 20))
    loud_N = np.clip(np.sin(2 * np.pi * 4 * time_N), 0, 1) * (np.sin(2 * np.pi * 0.4 * time_N) > -0.7)
    return (0.1 * buzz_N * loud_N + 0.003 * rng.standard_normal(n_samples)).clip(-1, 1).astype(np.float32)


def real_speech(folder: Path, n_samples: int) -> np.ndarray:
    """(N,) float32: the folder's 16 kHz mono files one after another, again from the start if they do not suffice."""
    parts, found = [], 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".wav", ".flac")):
        info = soundfile.info(path)
        if (info.samplerate, info.channels) == (SAMPLE_RATE, 1) and found < n_samples:
            parts.append(soundfile.read(path, dtype="float32")[0])
            found += len(parts[-1])
    if not parts:
        raise SystemExit(f"error: no 16 kHz mono WAV or FLAC below {folder}")
    return np.resize(np.concatenate(parts), n_samples)


def make_clips(folder: Path, speech: Optional[Path], seconds: float, parts: int) -> List[List[Utterance]]:
    """Clips in so many parts of the same distribution of lengths, ``seconds`` together."""
    wanted = [[round(s * SAMPLE_RATE) for s in lengths(seconds / parts, seed)] for seed in range(parts)]
    total = sum(map(sum, wanted))
    samples_N = real_speech(speech, total) if speech else synthetic_speech(total)
    made: List[List[Utterance]] = []
    start = 0
    for number, part in enumerate(wanted):
        made.append([])
        for index, n_samples in enumerate(part):
            path = folder / f"{number}-{index}.wav"
            soundfile.write(path, samples_N[start : start + n_samples], SAMPLE_RATE, "PCM_16")
            made[-1].append(Utterance(path.stem, str(path), n_samples / SAMPLE_RATE))
            start += n_samples
    return made
