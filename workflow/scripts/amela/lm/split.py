"""Train, validation and test parts of a corpus, without a speaker in two of them."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from amela.errors import AmelaError
from amela.lm.data import TokenizedUtterance

PARTS = ("train", "valid", "test")
MIN_GROUPS = 3  # one for each part

logger = logging.getLogger("split")


@dataclass(frozen=True)
class Split:
    """Utterances of each part. ``group_of`` names the group of an utterance, by (corpus, id)."""

    by: str  # speaker, speaker or recording, recording, utterance
    parts: Dict[str, List[TokenizedUtterance]]
    group_of: Dict[Tuple[str, str], str]
    warnings: List[str]

    def groups(self, part: str) -> List[str]:
        """Names of the groups in a part, sorted."""
        return sorted({self.group_of[u.corpus, u.id] for u in self.parts[part]})

    def summary(self) -> Dict[str, Any]:
        """Sizes of the parts, and who is held out: plain values."""
        sizes = {
            part: {
                "groups": len(self.groups(part)),
                "utterances": len(utterances),
                "tokens": sum(u.predictions for u in utterances),
                "seconds": round(sum(u.seconds for u in utterances), 3),
            }
            for part, utterances in self.parts.items()
        }
        return {"by": self.by, **sizes, "valid_groups": self.groups("valid"), "test_groups": self.groups("test")}


def split_utterances(utterances: Sequence[TokenizedUtterance], valid: float, test: float, seed: int) -> Split:
    """Divide by speaker (by recording where nobody knows the speaker).

    One name is one group in all corpora, so that a person or a recording that two corpora
    share is never in two parts. Where fewer than three groups exist, recordings and then
    single utterances take their place, with a warning.

    Args:
        valid, test: shares of the duration to hold out.

    Raises:
        AmelaError: fewer than three utterances.
    """
    if len(utterances) < MIN_GROUPS:
        raise AmelaError(
            f"a language model needs at least {MIN_GROUPS} utterances (train, valid, test), found {len(utterances)}",
            todo="add recordings, or segment them more finely",
        )
    by, names, warnings = _group(utterances)
    for warning in warnings:
        logger.warning("%s", warning)
    seconds: Dict[str, float] = {}
    for name, utterance in zip(names, utterances):
        seconds[name] = seconds.get(name, 0.0) + utterance.seconds
    place = assign_groups(seconds, valid, test, seed)
    parts: Dict[str, List[TokenizedUtterance]] = {part: [] for part in PARTS}
    for name, utterance in zip(names, utterances):
        parts[place[name]].append(utterance)
    for part, members in parts.items():
        logger.info("%s: %d utterances, %.1f s", part, len(members), sum(u.seconds for u in members))
    return Split(by, parts, {(u.corpus, u.id): name for name, u in zip(names, utterances)}, warnings)


def _group(utterances: Sequence[TokenizedUtterance]) -> Tuple[str, List[str], List[str]]:
    """What to divide by, the group of every utterance, and warnings."""
    known = [u.speaker is not None for u in utterances]
    mixed = [f"recording {u.recording}" if u.speaker is None else f"speaker {u.speaker}" for u in utterances]
    if len(set(mixed)) >= MIN_GROUPS:
        return ("speaker" if all(known) else "speaker or recording" if any(known) else "recording"), mixed, []
    recordings = [f"recording {u.recording}" for u in utterances]
    few = f"fewer than {MIN_GROUPS} speakers: " if any(known) else ""
    if len(set(recordings)) >= MIN_GROUPS:
        return "recording", recordings, [f"{few}divided by recording, so a speaker may be in several parts"]
    warning = (
        f"{few}fewer than {MIN_GROUPS} recordings: divided by utterance; neighbours of what the model was trained on "
        "are in the test part, so its scores are too good"
    )
    return "utterance", [f"utterance {u.corpus} {u.id}" for u in utterances], [warning]


def assign_groups(seconds: Mapping[str, float], valid: float, test: float, seed: int) -> Dict[str, str]:
    """Part of every group: a hash of seed and name puts the groups in order.

    The test part is taken from the front of that order and the validation part from its
    back, so that a corpus that grows moves only groups at the two borders, and none between
    the held-out parts. Groups longer than a part's share stay in train, unless all are.
    Every part has at least one group (``seconds`` needs three).
    """
    order = sorted(seconds, key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode()).digest())
    total = sum(seconds.values())
    in_test = _take(order, seconds, test * total, at_most=len(order) - 2)
    left = [name for name in reversed(order) if name not in in_test]
    in_valid = _take(left, seconds, valid * total, at_most=len(left) - 1)
    return {name: "test" if name in in_test else "valid" if name in in_valid else "train" for name in sorted(order)}


def _take(order: Sequence[str], seconds: Mapping[str, float], target: float, at_most: int) -> Set[str]:
    """First groups of ``order`` that come nearest to ``target`` seconds; at least one, at most ``at_most``."""
    fitting = [name for name in order if seconds[name] <= target]
    if not fitting:
        return {min(order, key=lambda name: seconds[name])}
    taken, sum_s = {fitting[0]}, seconds[fitting[0]]
    for name in fitting[1:at_most]:
        if sum_s + seconds[name] / 2 > target:
            break
        taken.add(name)
        sum_s += seconds[name]
    return taken
