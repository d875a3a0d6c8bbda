"""Byte pair encoding of unit sequences with SentencePiece, one character a unit.

Unit u is the character U+E000 + u of Unicode's private use area (6,400 characters), which
no normaliser touches; units that are separated by spaces would never be merged.
"""

from __future__ import annotations

import io
from typing import Iterable, Iterator, List, Tuple

import numpy as np
import sentencepiece

from amela.errors import AmelaError

FIRST_CHARACTER = 0xE000
MAX_UNITS = 6400  # characters of the private use area U+E000-U+F8FF
UNKNOWN = 0  # id of SentencePiece's <unk>, which no vocabulary can be without; never used here

# Shape legend: T = units of a sequence, N = tokens of a sequence, V = vocabulary.


def to_text(units_T: np.ndarray) -> str:
    """One character a unit."""
    return (np.asarray(units_T, dtype="<u4") + FIRST_CHARACTER).astype("<u4").tobytes().decode("utf-32-le")


def to_units(text: str) -> np.ndarray:
    """Inverse of ``to_text``; uint16, shape (T,)."""
    return (np.frombuffer(text.encode("utf-32-le"), dtype="<u4") - FIRST_CHARACTER).astype(np.uint16)


def train_bpe(sequences: Iterable[np.ndarray], k: int, vocab_size: int, max_length: int) -> bytes:
    """Learn which neighbouring units to merge.

    Every unit of the codebook becomes a piece, whether it occurs or not, so that any
    sequence can be encoded without loss. Where the data do not hold enough different
    pairs, the vocabulary is the largest possible one.

    Args:
        sequences: units below k, one array an utterance; nothing is merged across two.
        k: units of the codebook.
        vocab_size: pieces wanted, <unk> and the k units among them; k + 1 at least are made.
        max_length: units in the longest piece.

    Returns:
        the serialised SentencePiece model; the same bytes for the same sequences.
    """
    if k > MAX_UNITS:
        raise AmelaError(f"{k} units do not fit into {MAX_UNITS} characters", None, "use a smaller codebook")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=_sentences(sequences, k),
        model_writer=model,
        model_type="bpe",
        vocab_size=max(vocab_size, k + 1),
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_whitespace=False,
        split_by_unicode_script=False,
        split_by_number=False,
        byte_fallback=False,
        max_sentence_length=1 << 30,  # bytes; the default drops what is longer than 1,397 units
        max_sentencepiece_length=max_length,
        unk_id=UNKNOWN,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def _sentences(sequences: Iterable[np.ndarray], k: int) -> Iterator[str]:
    # Sentences of one character put each unit into the vocabulary and merge nothing.
    yield from to_text(np.arange(k))
    for units_T in sequences:
        if len(units_T):
            yield to_text(units_T)


class Bpe:
    """A trained model: sequences of units to tokens, and back.

    ``pieces[i]`` holds the units of token i, ``lengths_V[i]`` how many they are (0 for <unk>).
    """

    def __init__(self, model: bytes) -> None:
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self._texts = ["" if i == UNKNOWN else self._processor.id_to_piece(i) for i in range(len(self._processor))]
        self.pieces: List[Tuple[int, ...]] = [tuple(to_units(text).tolist()) for text in self._texts]
        self.lengths_V = np.array([len(piece) for piece in self.pieces])

    @property
    def vocab_size(self) -> int:
        return len(self.pieces)

    def encode(self, units_T: np.ndarray) -> np.ndarray:
        """Tokens (int32, shape (N,)) that decode back to exactly ``units_T``."""
        text = to_text(units_T)
        tokens = self._processor.encode(text) if text else []
        if "".join(self._texts[token] for token in tokens) != text:
            raise AmelaError("the motifs do not decode back to the units", None, "these are units of another codebook")
        return np.array(tokens, dtype=np.int32)

    def decode(self, tokens_N: np.ndarray) -> np.ndarray:
        """Units of a sequence of tokens, uint16."""
        return to_units("".join(self._texts[token] for token in tokens_N))
