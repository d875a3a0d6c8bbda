"""As many tokens a second as speech has, from models that were not trained to know.

Random weights never end, or never begin; and two ways to transcribe compare in speed where both
generate as much.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from amela.audio import SAMPLE_RATE

TOKENS_A_SECOND = 3.3  # of read English, in Qwen's vocabulary
LETTERS = re.compile("Ġ?[a-z]+")  # a token that is a part of a word; Ġ: with a space before it


class Paced(LogitsProcessor):
    """Ends each transcript after so many tokens, and not before; all are words of the vocabulary."""

    def __init__(self, lengths_B: torch.Tensor, words: torch.Tensor, end: int) -> None:
        """
        Args:
            lengths_B: tokens of each transcript, the end not counted.
            words: ids of the tokens that may be generated.
            end: id of the token that ends a transcript.
        """
        self._lengths_B, self._words, self._end, self._step = lengths_B, words, end, 0

    def __call__(self, input_ids: torch.Tensor, scores_BV: torch.Tensor) -> torch.Tensor:
        allowed_BV = torch.full_like(scores_BV, -torch.inf)
        allowed_BV[:, self._words] = scores_BV[:, self._words]
        done_B = self._step >= self._lengths_B
        allowed_BV[:, self._end] = torch.where(done_B, torch.finfo(scores_BV.dtype).max, -torch.inf)
        self._step += 1
        return allowed_BV


def pace_generation(salm: Any, tokens_a_second: float = TOKENS_A_SECOND) -> None:
    """Hold a SALM to so many tokens a second of each utterance."""
    generate = salm.generate
    vocabulary = salm.tokenizer.tokenizer.get_vocab()
    ids = sorted(index for token, index in vocabulary.items() if LETTERS.fullmatch(token))

    @functools.wraps(generate)
    def paced(*args: Any, audio_lens: torch.Tensor, **options: Any) -> torch.Tensor:
        lengths_B = (audio_lens * tokens_a_second / SAMPLE_RATE).round().long()
        processor = Paced(lengths_B.to(salm.device), torch.tensor(ids, device=salm.device), salm.text_eos_id)
        processors = LogitsProcessorList([*options.pop("logits_processor", []), processor])
        return generate(*args, audio_lens=audio_lens, logits_processor=processors, **options)

    salm.generate = paced


def always_a_token(tdt: Any) -> None:
    """Let a TDT model hear a token in every place, and each last as long as can be: 3.1 a second, as in speech."""
    output = tdt.joint.joint_net[-1]  # of the vocabulary, of the blank, of each duration
    n_durations = tdt.joint.num_extra_outputs
    with torch.no_grad():
        output.bias[-n_durations - 1] = -100.0
        output.bias[-1] = 100.0
