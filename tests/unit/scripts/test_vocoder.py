"""The vocoder from its command lines: centroids of a corpus' units, then its speech again."""

import dataclasses
import json
import logging

import numpy as np
import pytest
import soundfile as sf
from loading import main_of

from amela.audio.save import save_audio
from amela.encoders.mel import log_mel
from amela.errors import AmelaError, DataError
from amela.io.holder import Holder
from amela.io.jsonl import read_jsonl
from amela.io.lock import OutputLock
from amela.io.manifest import Utterance, read_manifest, write_manifest
from amela.units.codebook import make_codebook, write_codebook
from amela.units.features import encoder_fingerprint
from amela.units.sequences import UnitShard, write_units

MFCC = {"backend": "mfcc", "hop": 0.02, "normalize": "speaker"}
LOGMEL = {"backend": "logmel", "hop": 0.02, "normalize": "none"}
TONES = (400.0, 1_200.0, 2_500.0)  # Hz, one a unit


def tones(units, n_samples):
    """Each unit's tone for 20 ms a time, cut to n_samples."""
    frequency = np.repeat([TONES[unit] for unit in units], 320)[:n_samples]
    return 0.2 * np.sin(2 * np.pi * np.cumsum(frequency) / 16_000)


@pytest.fixture
def corpus(tmp_path):
    """Five utterances of tones, the last of one sample more than a frame; and their codebook."""
    rng = np.random.default_rng(0)
    utterances, sequences = [], []
    for i in range(5):
        units = np.repeat(rng.permutation(3), 15).astype(np.uint16)
        n_samples = 45 * 320 - (319 if i == 4 else 100 * i)
        path = tmp_path / f"natural/speaker {i % 2}/{i}.flac"
        save_audio(path, tones(units, n_samples))
        row = Utterance(f"speaker {i % 2}/{i}", str(path), n_samples / 16_000, speaker=str(i % 2), text=f"text {i}")
        utterances.append(row)
        sequences.append(units)
    write_manifest(tmp_path / "manifest/shard-0.jsonl", utterances)
    codebook = make_codebook(np.zeros((3, 39), np.float32), np.ones(3, np.int64), encoder_fingerprint(MFCC, 0.02, 39))
    write_codebook(tmp_path / "codebook.parquet", codebook)
    shard = UnitShard([u.id for u in utterances], sequences, 0.02, 3, codebook.fingerprint)
    write_units(tmp_path / "units/shard-0.parquet", shard)
    return tmp_path


def train(corpus):
    main_of("vocoder_train")(
        ["--codebook", f"{corpus}/codebook.parquet", "--encoder", json.dumps(MFCC),
         "--vocoder", '{"train_hours": 1}', "--corpus", f"{corpus}/manifest", f"{corpus}/units", "1",
         "--output", f"{corpus}/vocoder.parquet"]
    )  # fmt: skip


def resynth(corpus, folder, seed=0):
    main_of("resynth")(
        ["--manifest", f"{corpus}/manifest/shard-0.jsonl", "--units", f"{corpus}/units/shard-0.parquet",
         "--model", f"{corpus}/vocoder.parquet",
         "--vocoder", json.dumps({"backend": "griffinlim", "iterations": 8, "seed": seed}),
         "--audio", f"{folder}/shard-0", "--output", f"{folder}/shard-0.jsonl",
         "--rejected", f"{folder}/shard-0.rejected.jsonl"]
    )  # fmt: skip


def distance(natural, other):
    """Mean difference of log-mel spectra, over the frames that both have."""
    spectra = [log_mel(sf.read(utterance.audio_path, dtype="float32")[0], 0.02) for utterance in (natural, other)]
    frames = min(map(len, spectra))
    return np.abs(spectra[0][:frames] - spectra[1][:frames]).mean()


def test_resynthesis_lasts_as_long_and_sounds_like_its_own_utterance(corpus):
    train(corpus)
    resynth(corpus, corpus / "a")
    natural = list(read_manifest(corpus / "manifest/shard-0.jsonl"))
    again = list(read_manifest(corpus / "a/shard-0.jsonl"))
    assert list(read_jsonl(corpus / "a/shard-0.rejected.jsonl")) == []
    assert [(u.id, u.duration, u.speaker, u.text) for u in again] == [
        (u.id, u.duration, u.speaker, u.text) for u in natural
    ]
    for before, after in zip(natural, again):
        assert after.audio_filepath == f"{corpus}/a/shard-0/{after.id}.flac"
        assert sf.info(after.audio_filepath).frames == round(before.duration * 16_000)
    own = np.mean([distance(before, after) for before, after in zip(natural, again)])
    shuffled = np.mean([distance(before, after) for before, after in zip(natural, again[1:] + again[:1])])
    assert own < 0.7 * shuffled


def test_same_seed_same_bytes(corpus):
    train(corpus)
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        resynth(corpus, corpus / folder, seed)
    files = [sorted((corpus / folder).rglob("*.flac")) for folder in "abc"]
    contents = [[path.read_bytes() for path in paths] for paths in files]
    assert len(contents[0]) == 5 and contents[0] == contents[1] and contents[0] != contents[2]


def test_another_codebook_needs_another_vocoder(corpus):
    train(corpus)
    spectra_KB = np.zeros((3, 80), np.float32)
    codebook = make_codebook(spectra_KB, np.ones(3, np.int64), encoder_fingerprint(LOGMEL, 0.02, 80))
    write_codebook(corpus / "logmel.parquet", codebook)
    main_of("vocoder_train")(
        ["--codebook", f"{corpus}/logmel.parquet", "--encoder", json.dumps(LOGMEL),
         "--vocoder", '{"train_hours": 1}', "--output", f"{corpus}/vocoder.parquet"]
    )  # fmt: skip
    with pytest.raises(DataError, match="made by something else"):
        resynth(corpus, corpus / "a")
    assert not (corpus / "a").exists()


def test_goes_on_after_a_kill(corpus, caplog, monkeypatch):
    train(corpus)
    resynth(corpus, corpus / "a")
    from amela.vocoder import resynthesis

    save, calls = resynthesis.save_audio, []

    def save_three(path, samples):
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        save(path, samples)

    monkeypatch.setattr(resynthesis, "save_audio", save_three)
    with pytest.raises(KeyboardInterrupt):
        resynth(corpus, corpus / "b")
    monkeypatch.setattr(resynthesis, "save_audio", save)
    with caplog.at_level(logging.INFO):
        resynth(corpus, corpus / "b")
    assert "3 items were finished before" in caplog.text
    for path in sorted((corpus / "a").rglob("*.flac")):
        assert (corpus / "b" / path.relative_to(corpus / "a")).read_bytes() == path.read_bytes()
    assert sorted(path.name for path in (corpus / "b").iterdir()) == [
        "shard-0", "shard-0.jsonl", "shard-0.rejected.jsonl"
    ]  # fmt: skip


@pytest.mark.parametrize("last", ["add_all", "finish"])
def test_after_another_took_over_nothing_is_written(corpus, monkeypatch, last):
    train(corpus)
    from amela.vocoder.resynthesis import Resynthesis

    work = getattr(Resynthesis, last)

    def taken_over_after(*arguments):
        done = list(work(*arguments) or [])
        other = dataclasses.replace(Holder.here(), token="other")
        OutputLock(corpus / "a/shard-0.jsonl").path.write_text(other.to_json(), encoding="utf-8")
        return done

    monkeypatch.setattr(Resynthesis, last, taken_over_after)
    with pytest.raises(AmelaError, match="another took over"):
        resynth(corpus, corpus / "a")
    audio = {"add_all": ".shard-0.working", "finish": "shard-0"}[last]
    hidden = {".shard-0.jsonl.journal", ".shard-0.jsonl.lock"}
    assert {path.name for path in (corpus / "a").iterdir()} == {audio, *hidden}
    assert len(list((corpus / "a" / audio).rglob("*.flac"))) == 5
