"""Encode a shard: features of the sample that codebooks are fitted on, sums over everything."""

from __future__ import annotations

from typing import Any, Mapping, Sequence, Tuple

from amela.audio.load import Loader, load_utterance
from amela.encoders import Encoder
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance
from amela.units.features import FeatureSample, encoder_fingerprint
from amela.units.normalize import FeatureSums, group_of
from amela.units.sampling import sampling_order, sampling_rank


def encode_shard(
    utterances: Sequence[Utterance],
    encoder: Encoder,
    spec: Mapping[str, Any],
    hours: float,
    ledger: Ledger,
    load: Loader = load_utterance,
) -> Tuple[FeatureSample, FeatureSums]:
    """Features of a shard's sample, and the sums to normalise them by.

    Every utterance is encoded once, in the order of sampling; those beyond the sample
    only enter the sums. Without normalisation nothing beyond the sample is encoded.

    Args:
        spec: settings of the encoder, with ``normalize``.
        hours: speech to sample; the utterance that crosses the line is the last.
        ledger: takes the utterances that cannot be encoded, in the order of ``utterances``.
        load: gives the samples of an utterance.
    """
    normalize = spec.get("normalize", "none")
    made_by = encoder_fingerprint(spec, encoder.hop, encoder.dimension)
    sample, sums = FeatureSample(made_by), FeatureSums(made_by)
    sampled = 0.0  # seconds
    for utterance in sampling_order(utterances):
        wanted = sampled < hours * 3600
        if not wanted and normalize == "none":
            break
        with ledger.guard(utterance.id):
            features_TD = encoder.encode(load(utterance))
            group = group_of(utterance, normalize)
            if normalize != "none":
                sums.add(group, features_TD)
            if wanted:
                sample.add(utterance.id, group, sampling_rank(utterance.id), features_TD)
                sampled += sample.seconds[-1]
    position = {utterance.id: index for index, utterance in enumerate(utterances)}
    ledger.rows.sort(key=lambda row: position[row["id"]])
    return sample, sums
