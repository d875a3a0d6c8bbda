"""Mirrors workflow/scripts/amela/asr/sphinx.py."""

import numpy as np
import pytest
import soundfile as sf

from amela.asr import load_recogniser
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


def heard(recogniser, *clips):
    """Words of each, transcribed together."""
    return [transcript.words for transcript in recogniser.transcribe(clips)]


def test_words_and_their_times(recogniser, clips):
    [transcript] = recogniser.transcribe(clips[:1])  # "he was not an ill disposed young man"
    assert {"he", "was", "not", "young", "man"} <= {word.word for word in transcript.words}
    assert transcript.text == " ".join(word.word for word in transcript.words)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= 3.0
    assert all(word.word.replace("'", "").isalpha() for word in transcript.words)  # no <sil>, no the(2)
    assert all(0.02 < word.end - word.start < 1.5 for word in transcript.words)


def test_an_utterance_does_not_depend_on_those_before(recogniser, clips):
    together = heard(recogniser, *clips)
    assert together == heard(recogniser, *clips[::-1])[::-1] and all(together)
    assert together == [words for clip in clips for words in heard(recogniser, clip)]


@pytest.mark.parametrize("n_samples", [1_600, 16_000])
def test_nothing_is_understood_in_silence(recogniser, n_samples):
    assert recogniser.transcribe([np.zeros(n_samples, dtype=np.float32)]) == [("", [])]


def test_the_model_is_named_with_its_version(recogniser):
    assert recogniser.model == "pocketsphinx 5.1.1"


def test_unknown_backends_are_named():
    with pytest.raises(AmelaError, match="unknown asr backend 'oracle'; known: canary-qwen, parakeet, pocketsphinx"):
        load_recogniser({"backend": "oracle"})


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(AmelaError, match="a GPU was asked for"):
        load_recogniser({"backend": "pocketsphinx", "overwrite": True}, gpu=1)
