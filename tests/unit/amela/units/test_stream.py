"""Mirrors workflow/scripts/amela/units/stream.py."""

import threading

import numpy as np
import pytest

from amela.batches import windows
from amela.errors import AmelaError, DeviceFull, Rejected
from amela.io.manifest import Utterance
from amela.units.stream import Stream


class Averages:
    """An encoder whose one feature is the mean of each 10 ms; notes its batches."""

    hop, dimension, receptive_field, chunk, overlap, batch_seconds = 0.01, 1, 0.01, 5.0, 1.0, 0.0
    device = "cpu"

    def __init__(self, room=None):
        self.batches, self.moments_given = [], []
        self.room = room  # utterances that the device takes at a time

    def frames(self, n_samples):
        return n_samples // 160

    def check(self, samples_N):
        if len(samples_N) < 160:
            raise Rejected("too short")

    def moments(self, blocks):
        return float(np.concatenate(list(blocks)).mean(dtype=np.float64))

    def encode(self, batch, moments=None):
        self.moments_given += moments or []
        if self.room is not None and len(batch) > self.room:
            raise DeviceFull("out of memory")
        self.batches.append([len(samples) for samples in batch])
        return [samples[: len(samples) // 160 * 160].reshape(-1, 160).mean(axis=1, keepdims=True) for samples in batch]


SIGNAL = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000 * 30).astype(np.float32)


def load(utterance):
    if utterance.id.startswith("gone"):
        raise Rejected("file is gone")
    start = round(utterance.offset * 16_000)
    return SIGNAL[start : start + round(utterance.duration * 16_000)]


def utterances(*seconds):
    return [Utterance(f"u{number}", "/u.flac", each) for number, each in enumerate(seconds)]


def run(encoder, items, batch_seconds=0.0):
    stream = Stream(encoder, load, lambda _, features: features, batch_seconds)
    return [encoded for window in stream.run(windows(items, batch_seconds)) for encoded in window]


def alone(utterance):
    return Averages().encode([load(utterance)])[0]


@pytest.mark.parametrize("batch_seconds", [0.0, 4.0, 100.0])
def test_results_are_in_order_whatever_the_batches(batch_seconds):
    items = utterances(3.0, 0.5, 1.0, 0.7, 2.9, 30.0, 0.02)
    encoder = Averages()
    results = run(encoder, items, batch_seconds)
    assert [encoded.utterance for encoded in results] == items
    for encoded in results:
        np.testing.assert_array_equal(np.concatenate(encoded.result()), alone(encoded.utterance))
    assert len(results[5].parts) > 5  # in stretches
    if not batch_seconds:
        assert all(len(batch) == 1 for batch in encoder.batches)
    else:
        assert all(len(batch) == 1 or len(batch) * max(batch) <= batch_seconds * 16_000 for batch in encoder.batches)
        assert any(len(batch) > 1 for batch in encoder.batches)


def test_every_stretch_knows_the_moments_of_its_whole_utterance():
    encoder = Averages()
    items = utterances(1.0, 20.0)
    run(encoder, items, 6.0)
    known = [moments for moments in encoder.moments_given if moments is not None]
    assert encoder.moments_given.count(None) == 1 and len(known) > 3
    np.testing.assert_allclose(known, load(items[1]).mean(dtype=np.float64), rtol=1e-9)


def test_a_sample_that_is_not_finite_spoils_its_own_utterance_alone():
    """Where the whole has no moments its sound stretches are encoded all the same, and the utterance is rejected."""
    encoder = Averages()

    def check(samples_N):
        if not np.isfinite(samples_N).all():
            raise Rejected("not finite")

    def spoilt(utterance):
        samples_N = load(utterance).copy()
        if utterance.id == "u0" and utterance.offset > 10:
            samples_N[-1] = np.nan
        return samples_N

    encoder.check = check
    stream = Stream(encoder, spoilt, lambda _, features: features)
    ((bad, good),) = stream.run([utterances(20.0, 20.0)])
    assert str(bad.rejected) == "not finite" and good.rejected is None
    assert all(np.isfinite(moments) for moments in encoder.moments_given if moments is not None)


def test_the_encoders_own_budget_counts_where_none_is_given():
    encoder = Averages()
    encoder.batch_seconds = 4.0
    run(encoder, utterances(1.0, 1.0, 1.0))
    assert encoder.batches == [[16_000] * 3]


def test_what_cannot_be_read_or_encoded_is_rejected_alone():
    items = [*utterances(1.0), Utterance("gone", "/g.flac", 1.0), Utterance("gone-long", "/g.flac", 20.0)]
    items += [Utterance("short", "/s.flac", 0.005), Utterance("last", "/l.flac", 1.0)]
    results = run(Averages(), items, 10.0)
    assert [str(encoded.rejected) for encoded in results[1:4]] == ["file is gone", "file is gone", "too short"]
    for encoded in (results[0], results[4]):
        np.testing.assert_array_equal(encoded.result()[0], alone(encoded.utterance))
    with pytest.raises(Rejected, match="too short"):
        results[3].result()


def test_on_a_full_device_batches_are_halved():
    encoder = Averages(room=2)
    results = run(encoder, utterances(1.0, 1.0, 1.0, 1.0, 1.0), 100.0)
    assert [len(batch) for batch in encoder.batches] == [2, 1, 2]
    assert all(len(encoded.parts) == 1 for encoded in results)
    with pytest.raises(AmelaError, match="smaller chunk"):
        run(Averages(room=0), utterances(1.0))


def test_other_errors_are_not_swallowed():
    def broken(_):
        raise OSError("the disk fails")

    with pytest.raises(OSError, match="the disk fails"):
        list(Stream(Averages(), broken, lambda _, features: features).run([utterances(1.0)]))


def test_audio_is_decoded_while_the_encoder_is_busy():
    """The encoder waits for the second window's audio, which nobody would load if reading waited for it."""
    loaded = threading.Event()

    class Waiting(Averages):
        def encode(self, batch, moments=None):
            assert loaded.wait(timeout=60)
            return super().encode(batch, moments)

    def noted(utterance):
        if utterance.id == "u2":
            loaded.set()
        return load(utterance)

    stream = Stream(Waiting(), noted, lambda _, features: features)
    assert len(list(stream.run([utterances(1.0, 1.0), [Utterance("u2", "/u.flac", 1.0)]]))) == 2
