"""PocketSphinx: English with the acoustic and language models that its package brings.

An offline default: about 4 times faster than real time on a processor core; 28 % of the
words wrong in a novel read aloud, 90 % in short sentences read by children and learners.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Iterator, List, Sequence

import numpy as np
from pocketsphinx import Decoder

from amela.asr import Outcome, Transcript, Word
from amela.audio import SAMPLE_RATE
from amela.audio.samples import to_int16

NO_WORD = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")  # <s>, <sil>, [NOISE], [SPEECH]: no words
VARIANT = re.compile(r"\(\d+\)$")  # the(2): the second pronunciation of a word


class PocketSphinx:
    """See ``amela.asr.Recogniser``."""

    device = "cpu"
    max_seconds = 60.0  # the search keeps every word hypothesis until the end
    batch_seconds = 0.0

    def __init__(self, max_hmms: int = 3000, max_words: int = 5, second_pass: bool = True) -> None:
        """Load the model (0.4 s).

        Args:
            max_hmms: active states a frame; fewer is faster and less exact.
            max_words: word exits a frame.
            second_pass: search again, in a flat lexicon of the words that were found.
        """
        self._decoder = Decoder(
            samprate=SAMPLE_RATE, loglevel="FATAL", maxhmmpf=max_hmms, maxwpf=max_words, fwdflat=second_pass
        )
        self.model = f"pocketsphinx {version('pocketsphinx')}"
        self._frames_per_second = self._decoder.config["frate"]

    def transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        """See ``amela.asr.Recogniser.transcribe``; words are lower case, times on a grid of 10 ms."""
        found = [list(self._decode(samples_N)) for samples_N in batch]
        return [Transcript(" ".join(word.word for word in words), words) for words in found]

    def _decode(self, samples_N: np.ndarray) -> Iterator[Word]:
        samples_N = to_int16(samples_N)
        if not samples_N.any():  # in zeros, the search finds a word
            return
        self._decoder.reinit_feat()  # forgets the noise of earlier utterances
        self._decoder.start_utt()
        # As one block, so that the mean to normalise by is the utterance's own.
        self._decoder.process_raw(samples_N.tobytes(), full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return
        for segment in self._decoder.seg():
            if not NO_WORD.match(segment.word):
                start, stop = segment.start_frame, segment.end_frame + 1
                yield Word(
                    VARIANT.sub("", segment.word), start / self._frames_per_second, stop / self._frames_per_second
                )
