"""Figures of the report, as SVG images that stand inside the page."""

from __future__ import annotations

import base64
import io
from typing import Any, Dict, List, Sequence

import matplotlib
import numpy as np

matplotlib.use("svg")
matplotlib.rcParams.update(
    {"svg.hashsalt": "amela", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
)

import matplotlib.pyplot as plt  # noqa: E402  (after the back end is chosen)

SPEECH, PAUSE, GREY, INK = "#1b6ca8", "#d98c21", "#8a8f98", "#1d2530"
SIZE = (6.4, 2.6)  # inches
LONGEST_SHOWN = 30.0  # s; longer stretches are counted in the last bar


def _image(figure: Any) -> str:
    """``data:`` address of a figure; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def duration_histogram(speech_N: np.ndarray, pauses_N: np.ndarray) -> str:
    """How long people speak, and how long they pause, on a logarithmic axis of seconds."""
    figure, axes = plt.subplots(figsize=SIZE)
    bins = np.geomspace(0.05, LONGEST_SHOWN, 40)
    for lengths, label, colour in ((speech_N, "speech", SPEECH), (pauses_N, "pauses", PAUSE)):
        axes.hist(np.clip(lengths, bins[0], bins[-1]), bins, label=f"{label} ({len(lengths)})", color=colour, alpha=0.7)
    axes.set(xscale="log", xlabel="duration (s)", ylabel="stretches")
    axes.set_xticks([0.1, 0.3, 1, 3, 10, 30], ["0.1", "0.3", "1", "3", "10", "30"])
    axes.legend(frameon=False)
    return _image(figure)


def unit_usage(counts_K: np.ndarray) -> str:
    """Share of frames of each unit, most frequent first, beside the share of an even use."""
    figure, axes = plt.subplots(figsize=SIZE)
    shares = np.sort(counts_K)[::-1] / max(1, counts_K.sum())
    axes.bar(np.arange(len(shares)), 100 * shares, width=1.0, color=SPEECH)
    axes.axhline(100 / max(1, len(shares)), color=GREY, linestyle="--", linewidth=1, label="all units alike")
    axes.set(xlabel="unit, most frequent first", ylabel="frames (%)")
    axes.legend(frameon=False)
    return _image(figure)


def learning_curves(histories: Dict[str, Sequence[Dict[str, float]]]) -> str:
    """Nats a token over epochs: training dashed, validation solid, one colour a grid point."""
    figure, axes = plt.subplots(figsize=SIZE)
    for name, history in histories.items():
        epochs = [row["epoch"] for row in history]
        (line,) = axes.plot(epochs, [row["valid"] for row in history], label=name)
        axes.plot(epochs, [row["train"] for row in history], linestyle="--", color=line.get_color(), alpha=0.6)
    axes.set(xlabel="epoch", ylabel="nats per token")
    axes.legend(frameon=False, fontsize=7)
    return _image(figure)


def error_rates(rows: List[Dict[str, Any]]) -> str:
    """Word error rate of each voice with its interval, where it has one; natural speech first."""
    figure, axes = plt.subplots(figsize=(SIZE[0], 0.5 + 0.35 * len(rows)))
    places = range(len(rows))
    colours = [SPEECH if row["voice"] == "natural" else PAUSE for row in rows]
    axes.barh(places, [100 * row["wer"] for row in rows], color=colours)
    for place, row in zip(places, rows):
        if row["wer_low"] is not None:
            beside = [[max(0.0, row["wer"] - row["wer_low"])], [max(0.0, row["wer_high"] - row["wer"])]]
            axes.errorbar([100 * row["wer"]], [place], xerr=100 * np.array(beside), color=INK, capsize=3, linewidth=1)
    axes.set_yticks(places, [f"{row['corpus']} · {row['asr']} · {row['voice']}" for row in rows])
    axes.invert_yaxis()
    axes.set(xlabel="word error rate (%)")
    return _image(figure)
