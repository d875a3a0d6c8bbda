"""Mirrors workflow/scripts/amela/vocoder/training.py."""

import numpy as np
import pytest

from amela.audio.save import save_audio
from amela.encoders.mel import log_mel
from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance, write_manifest
from amela.units.codebook import make_codebook
from amela.units.features import encoder_fingerprint
from amela.units.sequences import UnitShard, write_units
from amela.vocoder.training import Corpus, centroids_of_codebook, centroids_of_speech

MFCC = {"backend": "mfcc", "hop": 0.01, "normalize": "speaker"}
LOGMEL = {"backend": "logmel", "hop": 0.01, "normalize": "none"}
K = 5
CODEBOOK = make_codebook(np.zeros((K, 39), np.float32), np.ones(K, np.int64), encoder_fingerprint(MFCC, 0.01, 39))


@pytest.fixture
def corpus(tmp_path):
    """Two shards of three utterances of noise, half a second each; units 0-3 at random, never 4."""
    rng = np.random.default_rng(0)
    for shard in range(2):
        utterances, units = [], []
        for i in range(3):
            path = tmp_path / f"{shard}-{i}.flac"
            save_audio(path, rng.uniform(-0.3, 0.3, 8_000))
            utterances.append(Utterance(f"{shard}-{i}", str(path), 0.5))
            units.append(rng.integers(0, 4, 50).astype(np.uint16))
        write_manifest(tmp_path / f"manifest/shard-{shard}.jsonl", utterances)
        rows = UnitShard([u.id for u in utterances], units, 0.01, K, CODEBOOK.fingerprint)
        write_units(tmp_path / f"units/shard-{shard}.parquet", rows)
    return Corpus(tmp_path / "manifest", tmp_path / "units", 2)


def all_frames(corpus):
    """Every frame with its unit, read without the library's readers of tables."""
    import pyarrow.parquet as pq
    import soundfile as sf

    pairs = []
    for shard in range(2):
        for row in pq.read_table(corpus.units / f"shard-{shard}.parquet").to_pylist():
            samples = sf.read(corpus.units.parent / f"{row['id']}.flac", dtype="float32")[0]
            pairs += zip(row["units"], log_mel(samples, 0.01))
    return pairs


def test_mean_over_every_frame_of_a_unit(corpus):
    centroids = centroids_of_speech(CODEBOOK, [corpus], hours=1)
    pairs = all_frames(corpus)
    assert centroids.frames_K.sum() == len(pairs) == 300
    means = [np.mean([frame for found, frame in pairs if found == unit], axis=0) for unit in range(4)]
    means.append(np.mean([frame for _, frame in pairs], axis=0))  # the unit that was never seen
    gain = centroids.log_mel_KB - means
    np.testing.assert_allclose(gain, gain.mean(), atol=1e-4)
    power = [np.exp([spectra[unit] for unit, _ in pairs]).sum() for spectra in (centroids.log_mel_KB, means)]
    speech = np.exp([frame for _, frame in pairs]).sum()
    assert power[0] == pytest.approx(speech, rel=1e-4) and power[1] < 0.8 * speech
    assert (centroids.hop, centroids.fingerprint) == (0.01, CODEBOOK.fingerprint)


def test_hours_bound_the_speech_of_each_corpus(corpus):
    some = centroids_of_speech(CODEBOOK, [corpus], hours=1.5 / 3600)  # 0.75 s a shard: two utterances each
    assert some.frames_K.sum() == 200
    twice = centroids_of_speech(CODEBOOK, [corpus, corpus], hours=1.5 / 3600)
    assert twice.frames_K.sum() == 400
    np.testing.assert_allclose(twice.log_mel_KB, some.log_mel_KB, atol=1e-5)


def test_units_of_another_codebook_or_of_unknown_utterances_are_refused(corpus):
    other = make_codebook(np.ones((K, 39), np.float32), np.ones(K, np.int64), encoder_fingerprint(MFCC, 0.01, 39))
    with pytest.raises(DataError, match="made by something else: sha256"):
        centroids_of_speech(other, [corpus], hours=1)
    write_manifest(corpus.manifest / "shard-1.jsonl", [])
    with pytest.raises(DataError, match="units of utterances that the manifest lacks.*shard-1"):
        centroids_of_speech(CODEBOOK, [corpus], hours=1)


def test_audio_that_has_gone_is_left_out(corpus):
    (corpus.units.parent / "0-1.flac").unlink()
    assert centroids_of_speech(CODEBOOK, [corpus], hours=1).frames_K.sum() == 250


def test_a_log_mel_codebook_is_heard_as_it_is():
    spectra_KB = np.random.default_rng(0).normal(size=(K, 80)).astype(np.float32)
    codebook = make_codebook(spectra_KB, np.arange(K), encoder_fingerprint(LOGMEL, 0.01, 80))
    centroids = centroids_of_codebook(codebook, LOGMEL)
    assert np.array_equal(centroids.log_mel_KB, spectra_KB) and centroids.fingerprint == codebook.fingerprint
    for encoder in (MFCC, {**LOGMEL, "normalize": "speaker"}):
        with pytest.raises(AmelaError, match="only centroids of logmel features without normalisation"):
            centroids_of_codebook(codebook, encoder)
    with pytest.raises(DataError, match="made by something else: encoder"):
        centroids_of_codebook(codebook, {**LOGMEL, "hop": 0.02})
