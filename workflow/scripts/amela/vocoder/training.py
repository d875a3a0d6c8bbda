"""Mel centroids of a codebook's units: averaged over speech, or the codebook itself."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

from amela.audio.load import Loader, load_utterance
from amela.encoders.mel import log_mel
from amela.errors import AmelaError, DataError
from amela.io.ledger import Ledger
from amela.io.manifest import read_manifest
from amela.provenance import check_fingerprint
from amela.units.codebook import Codebook
from amela.units.features import encoder_fingerprint
from amela.units.sampling import prefix_length, sampling_order
from amela.units.sequences import read_units
from amela.vocoder import is_log_mel
from amela.vocoder.centroids import MelCentroids, MelMeans

logger = logging.getLogger("vocoder")


class Corpus(NamedTuple):
    """Where a corpus' shards are."""

    manifest: Path  # folder with shard-{n}.jsonl
    units: Path  # folder with shard-{n}.parquet
    shards: int


def centroids_of_speech(
    codebook: Codebook, corpora: Sequence[Corpus], hours: float, load: Loader = load_utterance
) -> MelCentroids:
    """Mean log-mel spectrum of each unit over the speech of some corpora.

    From each shard its share of the hours, in the order in which ``encode`` samples: with
    as many hours as the codebook was fitted on, these are the utterances that it was fitted on.

    Args:
        codebook: whose units they are.
        corpora: where the speech and its units are.
        hours: speech to average over, from each corpus.
        load: gives the samples of an utterance.

    Raises:
        DataError: units of another codebook, or of other audio.
        AmelaError: no speech at all.
    """
    means = MelMeans(codebook.k)
    for corpus in corpora:
        for shard in range(corpus.shards):
            _add_shard(means, codebook, corpus, shard, hours / corpus.shards, load)
    unseen = int((means.frames_K == 0).sum())
    logger.info("%.2f h; %d of %d units never seen", means.frames_K.sum() * codebook.hop / 3600, unseen, codebook.k)
    return MelCentroids(means.centroids(), means.frames_K, codebook.hop, codebook.fingerprint)


def _add_shard(means: MelMeans, codebook: Codebook, corpus: Corpus, shard: int, hours: float, load: Loader) -> None:
    manifest, path = corpus.manifest / f"shard-{shard}.jsonl", corpus.units / f"shard-{shard}.parquet"
    units = read_units(path)
    check_fingerprint(units.fingerprint, codebook.fingerprint, path)
    units_of = dict(zip(units.ids, units.units))
    utterances = sampling_order(utterance for utterance in read_manifest(manifest) if utterance.id in units_of)
    if len(utterances) < len(units_of):
        raise DataError("units of utterances that the manifest lacks", path)
    ledger = Ledger("vocoder_train")  # only its log: units exist, so this audio could be read before
    for utterance in utterances[: prefix_length([utterance.duration for utterance in utterances], hours)]:
        with ledger.guard(utterance.id):
            means.add(units_of[utterance.id], log_mel(load(utterance), codebook.hop), utterance.id)


def centroids_of_codebook(codebook: Codebook, encoder: Mapping[str, Any]) -> MelCentroids:
    """The codebook of a log-mel encoder without normalisation, as it is.

    Raises:
        DataError: the codebook was fitted on features of another encoder.
        AmelaError: the encoder's features are no log-mel spectra.
    """
    if not is_log_mel(encoder):
        raise AmelaError("only centroids of logmel features without normalisation can be heard as they are")
    made_by = encoder_fingerprint(encoder, codebook.hop, codebook.centroids_KD.shape[1])
    check_fingerprint(codebook.fingerprint, made_by, "codebook")
    return MelCentroids(codebook.centroids_KD, codebook.frames_K, codebook.hop, codebook.fingerprint)
