"""Mirrors workflow/scripts/amela/asr/sphinx.py."""

import numpy as np
import pytest
import soundfile as sf

from amela.asr import load_recogniser, sphinx
from amela.errors import AmelaError

pytest.importorskip("pocketsphinx")


@pytest.fixture(scope="module")
def recogniser():
    return load_recogniser({"backend": "pocketsphinx", "max_hmms": 1000, "max_words": 5})


@pytest.fixture(scope="module")
def clips(speech):
    """Three clips of a novel, at most 3 s each."""
    paths = sorted((speech / "librivox").glob("*.wav"))[1:4]
    return [sf.read(path, dtype="float32")[0][:48_000] for path in paths]


def test_words_and_their_times(recogniser, clips):
    words = recogniser.transcribe(clips[0])  # "he was not an ill disposed young man"
    assert {"he", "was", "not", "young", "man"} <= {word.word for word in words}
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= 3.0
    assert all(word.word.replace("'", "").isalpha() for word in words)  # no <sil>, no the(2)
    assert all(0.02 < word.end - word.start < 1.5 for word in words)


def test_an_utterance_does_not_depend_on_those_before(recogniser, clips):
    forwards = [recogniser.transcribe(clip) for clip in clips]
    backwards = [recogniser.transcribe(clip) for clip in clips[::-1]]
    assert forwards == backwards[::-1] and all(forwards)


def test_long_utterances_are_recognised_in_pieces(recogniser, clips, monkeypatch):
    first, second = clips[0][:40_000], clips[1][:32_000]
    pause = np.zeros(8_000, dtype=np.float32)
    whole = recogniser.transcribe(np.concatenate([first, pause]))
    monkeypatch.setattr(sphinx, "MAX_SECONDS", 4.0)
    words = recogniser.transcribe(np.concatenate([first, pause, second]))
    assert [word.word for word in words if word.end < 2.4][:6] == [word.word for word in whole if word.end < 2.4][:6]
    later = [word for word in words if word.start > 2.9]
    assert len(later) >= 3 and later[-1].end <= 5.01
    assert [word.start for word in words] == sorted(word.start for word in words)


@pytest.mark.parametrize("n_samples", [0, 1, 409, 410, 1_600, 16_000])
def test_nothing_is_understood_in_silence(recogniser, n_samples):
    assert recogniser.transcribe(np.zeros(n_samples, dtype=np.float32)) == []


def test_unknown_backends_are_named():
    with pytest.raises(AmelaError, match="unknown asr backend 'oracle'; known: pocketsphinx"):
        load_recogniser({"backend": "oracle"})
