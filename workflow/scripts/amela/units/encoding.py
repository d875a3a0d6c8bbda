"""Encode a shard: features of the sample that codebooks are fitted on, sums over everything."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any, Dict, Sequence, Tuple

import numpy as np

from amela.batches import windows
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance
from amela.units.features import FeatureSample
from amela.units.normalize import FeatureSums, group_of
from amela.units.sampling import sampling_order, sampling_rank
from amela.units.stream import Stream


def encode_shard(
    utterances: Sequence[Utterance], stream: Stream[np.ndarray], made_by: Dict[str, Any], hours: float, ledger: Ledger
) -> Tuple[FeatureSample, FeatureSums]:
    """Features of a shard's sample, and the sums to normalise them by.

    Every utterance is encoded once, in the order of sampling; those beyond the sample
    only enter the sums. Without normalisation no more is encoded than a window
    beyond the sample.

    Args:
        stream: gives features as arrays.
        made_by: fingerprint of the encoder.
        hours: speech to sample; the utterance that crosses the line is the last.
        ledger: takes the utterances that cannot be encoded, in the order of ``utterances``.
    """
    normalize = made_by["normalize"]
    sample, sums = FeatureSample(made_by), FeatureSums(made_by)
    sampled = 0.0  # seconds
    if hours > 0 or normalize != "none":
        enough = hours * 3600 if normalize == "none" else math.inf
        cut = windows(sampling_order(utterances), stream.batch_seconds, enough)
        for encoded in chain.from_iterable(stream.run(cut)):
            wanted = sampled < hours * 3600
            if not wanted and normalize == "none":
                break
            utterance, group = encoded.utterance, group_of(encoded.utterance, normalize)
            with ledger.guard(utterance.id):
                parts = encoded.result()
                if normalize != "none":
                    for features_TD in parts:
                        sums.add(group, features_TD)
                if wanted:
                    sample.add(utterance.id, group, sampling_rank(utterance.id), np.concatenate(parts))
                    sampled += sample.seconds[-1]
    ledger.sort(utterance.id for utterance in utterances)
    return sample, sums
