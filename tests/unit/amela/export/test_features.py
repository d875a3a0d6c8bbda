"""Mirrors amela/export/features.py."""

import json
import shutil

import numpy as np
import pytest
import soundfile as sf

from amela.audio.load import load_utterance
from amela.encoders import load_encoder
from amela.errors import AmelaError, DataError
from amela.export.features import FeatureFolder, as_exported, counted, read_utterances
from amela.io.journal import Journal
from amela.io.ledger import Ledger
from amela.io.manifest import Utterance, write_manifest
from amela.units.features import encoder_fingerprint
from amela.units.normalize import FeatureSums, write_normalizer
from amela.units.stream import Stream

SPEC = {"backend": "mfcc", "hop": 0.01, "normalize": "none"}


@pytest.fixture
def utterances(tmp_path, monkeypatch):
    """Noise, in two folders, two utterances a window; one file is missing, one has no possible name."""
    monkeypatch.setattr("amela.batches.WINDOW_SECONDS", 2.0)
    found = []
    for number in range(4):
        path = tmp_path / "audio" / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        samples = np.random.default_rng(number).normal(0, 0.1, 16_000 + 160)
        sf.write(path, samples.clip(-1, 1), 16_000)
        item = f"{'ab'[number % 2]}/{number}"
        found.append(Utterance(item, str(path), 1.01, recording=item, speaker="ab"[number % 2]))
    return [found[0], Utterance("gone", "/nowhere.wav", 0.1), *found[1:], Utterance("../out", "/x.wav", 1.0)]


class Encoding:
    """An export of ``utterances``; counts what is encoded, and can be stopped."""

    def __init__(self, output, utterances, finish=None, stop_after=None):
        self.output, self.utterances, self.stop_after = output, utterances, stop_after
        self.encoder = load_encoder(SPEC)
        self.made_by = encoder_fingerprint(SPEC, self.encoder.hop, self.encoder.dimension)
        self.finish = finish or as_exported(self.made_by, None)
        self.loaded = []
        self.ledger = Ledger("features")

    def load(self, utterance):
        if self.stop_after is not None and len(self.loaded) >= self.stop_after:
            raise KeyboardInterrupt
        samples = load_utterance(utterance)
        self.loaded.append(utterance.id)
        return samples

    def run(self):
        stream = Stream(self.encoder, self.load, self.finish)
        with Journal(self.output, {"made_by": self.made_by}) as journal:
            folder = FeatureFolder(self.output, journal, ".npy")
            rows = list(folder.add_all(folder.placed(self.utterances, self.ledger), stream, self.made_by, self.ledger))
            self.ledger.sort(utterance.id for utterance in self.utterances)
            folder.finish(rows, lambda part: (part / "export.json").write_text("{}"))
            journal.remove()
        return rows


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_file_an_utterance_in_the_folders_of_the_source(utterances, tmp_path):
    run = Encoding(tmp_path / "out", utterances)
    rows = run.run()
    assert set(contents(run.output)) == {"a/0.npy", "b/1.npy", "a/2.npy", "b/3.npy", "features.jsonl", "export.json"}
    for utterance, row in zip([u for u in utterances if "/" in u.id], rows):
        features_TD = np.load(run.output / row["path"], allow_pickle=False)
        alone_TD = run.encoder.encode([load_utterance(utterance)])[0]
        np.testing.assert_array_equal(features_TD, alone_TD)
        assert features_TD.dtype == np.float32 and features_TD.shape == (row["frames"], row["dimension"]) == (101, 39)
    assert [json.loads(line) for line in (run.output / "features.jsonl").read_text().splitlines()] == rows
    first = {"hop": 0.01, "fingerprint": run.made_by["encoder"], "speaker": "a", "duration": 1.01, "offset": 0.0}
    assert {key: rows[0][key] for key in first} == first
    assert not list(tmp_path.glob(".*")), "nothing hidden may be left"


def test_every_utterance_is_written_or_rejected_in_order(utterances, tmp_path):
    run = Encoding(tmp_path / "out", utterances[::-1])
    rows = run.run()
    assert [row["id"] for row in run.ledger.rows] == ["../out", "gone"]
    assert [row["id"] for row in rows] == ["b/3", "a/2", "b/1", "a/0"]
    assert counted(rows, len(utterances), run.ledger) == {"in": 6, "out": 4, "rejected": 2, "frames": 404}


def test_a_stopped_job_goes_on_and_ends_as_if_it_had_not_been_stopped(utterances, tmp_path):
    uninterrupted = Encoding(tmp_path / "whole", utterances)
    uninterrupted.run()
    output = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        Encoding(output, utterances, stop_after=3).run()
    assert not output.exists()
    resumed = Encoding(output, utterances)
    resumed.run()
    assert resumed.loaded == ["a/2", "b/3"], "the first window was finished"
    assert contents(output) == contents(tmp_path / "whole")
    assert resumed.ledger.rows == uninterrupted.ledger.rows


def test_a_window_whose_file_is_lost_is_made_again(utterances, tmp_path):
    output = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        Encoding(output, utterances, stop_after=3).run()
    (tmp_path / ".out.working" / "b" / "1.npy").unlink()
    resumed = Encoding(output, utterances)
    resumed.run()
    assert resumed.loaded == ["a/0", "b/1", "a/2", "b/3"]


def test_files_of_another_export_do_not_stay(utterances, tmp_path):
    (tmp_path / ".out.working" / "old").mkdir(parents=True)
    (tmp_path / ".out.working" / "old" / "x.npy").touch()
    run = Encoding(tmp_path / "out", utterances[:1])
    run.run()
    assert set(contents(run.output)) == {"a/0.npy", "features.jsonl", "export.json"}
    shutil.rmtree(run.output)


@pytest.fixture
def normalised(utterances, tmp_path):
    """Fingerprint of an encoder that normalises by speaker, and the normalizer of the noise."""
    spec = {**SPEC, "normalize": "speaker"}
    encoder = load_encoder(spec)
    sums = FeatureSums(encoder_fingerprint(spec, encoder.hop, encoder.dimension))
    for utterance in utterances:
        if utterance.speaker:
            sums.add(utterance.speaker_or_recording, encoder.encode([load_utterance(utterance)])[0])
    write_normalizer(tmp_path / "normalizer.parquet", sums)
    return sums.fingerprint, tmp_path / "normalizer.parquet"


def test_features_of_a_speaker_have_mean_0_and_deviation_1(utterances, normalised, tmp_path):
    run = Encoding(tmp_path / "out", utterances, finish=as_exported(*normalised))
    rows = run.run()
    of_a = np.concatenate([np.load(run.output / row["path"]) for row in rows if row["speaker"] == "a"])
    np.testing.assert_allclose(of_a.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(of_a.std(axis=0), 1, atol=1e-4)
    assert of_a.dtype == np.float32


def test_a_normalizer_that_does_not_belong_is_refused(normalised):
    made_by, path = normalised
    with pytest.raises(AmelaError, match="normalize is 'speaker', the normalizer is None"):
        as_exported(made_by, None)
    with pytest.raises(AmelaError, match="normalize is 'none'"):
        as_exported({**made_by, "normalize": "none"}, path)
    with pytest.raises(DataError, match="made by something else"):
        as_exported({**made_by, "encoder": "other"}, path)


def test_utterances_come_in_the_order_of_the_shards(tmp_path):
    shards = [["b", "a"], [], ["c"]]
    for number, ids in enumerate(shards):
        write_manifest(tmp_path / f"shard-{number}.jsonl", [Utterance(item, "/x", 1.0) for item in ids])
    assert [utterance.id for utterance in read_utterances(tmp_path, 3)] == ["b", "a", "c"]
