"""Canary-Qwen: NeMo's SALM, a speech encoder whose frames a language model reads and writes down.

English; about 400 times real time on a GPU of the data centre. Above 40 s it leaves out
words or answers nothing, so that longer audio is cut before.
"""

from __future__ import annotations

import json
import math
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch.nn.utils.rnn import pad_sequence

from amela.asr import Outcome, Transcript, excerpt
from amela.asr.nemo import (
    batch_budget,
    check_no_code,
    check_targets,
    check_weights,
    dtype_of,
    import_nemo,
    parse_config,
    prepare_device,
    without_training,
)
from amela.audio import SAMPLE_RATE
from amela.device import within_memory
from amela.errors import AmelaError, Rejected

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt

CONFIG, WEIGHTS, LANGUAGE_MODEL, TOKENIZER = (
    "config.json",
    "model.safetensors",
    "llm_backbone/config.json",
    "tokenizer_config.json",
)
NEEDED = (CONFIG, WEIGHTS, LANGUAGE_MODEL, TOKENIZER, "tokenizer.json")
KEYS = ("perception", "pretrained_llm", "prompt_format", "audio_locator_tag")  # of a SALM's configuration
HEARS = ("preprocessor", "encoder", "modality_adapter")  # of its perception
# Tokens of an answer. English speech has 3 to 4 a second, fast speech 6: an answer that goes on is a loop.
FIRST_TOKENS, TOKENS_PER_SECOND = 16, 12
ON_CPU = 60.0  # padded seconds a batch: the weights are read once a token, whatever the batch


class CanaryQwen:
    """See ``amela.asr.Recogniser``."""

    def __init__(
        self,
        checkpoint: Receipt,
        prompt: str = "Transcribe the following:",
        max_seconds: float = 40.0,
        precision: str = "auto",
    ) -> None:
        """Load the model (float32 until it is on its device: twice the size of a file of bfloat16).

        Args:
            checkpoint: a folder as ``nvidia/canary-qwen-2.5b`` has it, with ``llm_backbone`` (docs/formats.md).
            prompt: what the language model is asked to do with the speech that follows.
            max_seconds: longer audio is cut before.
            precision: fp32, bf16, or auto: bf16 on a GPU that has it, else fp32.

        Raises:
            AmelaError: the checkpoint is not whole, is no such model, or would have foreign code run;
                the prompt has the tag that the speech takes the place of.
        """
        self.model = f"{checkpoint.name}@{checkpoint.sha256[:12]}"
        self.device = prepare_device()
        self.max_seconds = max_seconds
        self.batch_seconds = batch_budget(self.device, ON_CPU)
        self._salm = _on_device(load_salm(checkpoint), self.device, dtype_of(precision, self.device))
        self._content = f"{prompt} {self._salm.audio_locator_tag}"
        if self._content.count(self._salm.audio_locator_tag) > 1:
            what = f"the prompt has {self._salm.audio_locator_tag}, which stands for the speech and is put behind it"
            raise AmelaError(what, checkpoint.name, "leave it out of the recogniser's prompt")

    def transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        """See ``amela.asr.Recogniser.transcribe``; it knows no times of words."""
        return within_memory(self._transcribe, batch, self.device)

    @torch.inference_mode()
    def _transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        allowed = [allowance(len(samples_N)) for samples_N in batch]
        answers_BL = self._salm.generate(
            prompts=[[{"role": "user", "content": self._content}] for _ in batch],
            audios=pad_sequence([torch.from_numpy(samples_N) for samples_N in batch], batch_first=True).to(self.device),
            audio_lens=torch.tensor([len(samples_N) for samples_N in batch], device=self.device),
            generation_config=self._generation(max(allowed)),
        )
        return [self._answer(tokens_L, most) for tokens_L, most in zip(answers_BL.tolist(), allowed)]

    def _generation(self, most: int) -> Any:
        """Greedy, with the ends of answers as the tokenizer has them."""
        from transformers import GenerationConfig  # not before import_nemo, which keeps it offline

        salm = self._salm
        return GenerationConfig(
            bos_token_id=salm.text_bos_id,
            eos_token_id=salm.text_eos_id,
            pad_token_id=salm.text_pad_id,
            max_new_tokens=most,
            do_sample=False,
            num_beams=1,
        )

    def _answer(self, tokens_L: List[int], most: int) -> Outcome:
        """The text up to the first end, which must come among the first ``most`` tokens."""
        tokens_L, end = tokens_L[:most], self._salm.text_eos_id
        text_of = self._salm.tokenizer.ids_to_text
        if end not in tokens_L:
            what = "no end of the transcript: a hallucination"
            return Rejected(what, f"{most} tokens: {excerpt(text_of(tokens_L).strip())}")
        return Transcript(text_of(tokens_L[: tokens_L.index(end)]).strip())


def allowance(n_samples: int) -> int:
    """Most tokens of the transcript of a piece, its end included."""
    return FIRST_TOKENS + math.ceil(TOKENS_PER_SECOND * n_samples / SAMPLE_RATE)


def load_salm(checkpoint: Receipt) -> Any:
    """NeMo's model, every weight of it from the checkpoint, on the CPU in float32.

    Raises:
        AmelaError: as ``CanaryQwen``.
    """
    config, shapes, weights = _config(checkpoint), _shapes(checkpoint), checkpoint.files[WEIGHTS]
    models = import_nemo("nemo.collections.speechlm2.models")
    with tempfile.TemporaryDirectory(prefix="amela-") as folder, redirect_stdout(StringIO()):
        for name, path in checkpoint.files.items():
            link = Path(folder, name)
            link.parent.mkdir(exist_ok=True)
            if name == CONFIG:
                link.write_text(json.dumps(config), "utf-8")
            else:
                link.symlink_to(path)
        try:
            salm = models.SALM.from_pretrained(folder)
        except RuntimeError as error:
            wrong = [line.strip() for line in str(error).splitlines() if "size mismatch" in line]
            if not wrong:
                raise
            raise AmelaError(wrong[0], weights) from error
    check_weights(shapes, salm, weights)
    if salm.sampling_rate != SAMPLE_RATE:
        raise AmelaError(f"the model hears {salm.sampling_rate} Hz, not {SAMPLE_RATE}", checkpoint.name)
    return salm.eval()


def _config(checkpoint: Receipt) -> Dict[str, Any]:
    """The model's configuration; neither in it nor in those of its parts is anything that must not run."""
    lacking = [name for name in NEEDED if name not in checkpoint.files]
    if lacking:
        raise AmelaError(f"no folder of canary-qwen: it lacks {', '.join(lacking)}", checkpoint.name)
    for name in (LANGUAGE_MODEL, TOKENIZER):
        path = checkpoint.files[name]
        try:
            check_no_code(json.loads(path.read_text("utf-8")), path)
        except ValueError as error:
            raise AmelaError(f"no JSON: {error}", path) from error
    path = checkpoint.files[CONFIG]
    config = without_training(parse_config(path.read_text("utf-8"), path))
    check_targets(config, path)
    lacking = [key for key in KEYS if key not in config]
    if "perception" in config:
        hears = config["perception"] if isinstance(config["perception"], dict) else {}
        lacking += [f"perception.{key}" for key in HEARS if not isinstance(hears.get(key), dict)]
    if lacking:
        raise AmelaError(f"no configuration of a SALM: it lacks {', '.join(lacking)}", path)
    return config


def _shapes(checkpoint: Receipt) -> Dict[str, Sequence[int]]:
    """Shape of each tensor of the weights, by name."""
    path = checkpoint.files[WEIGHTS]
    try:
        with safe_open(path, framework="pt") as weights:
            return {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise AmelaError(f"no file of safetensors: {error}", path, "fetch it again") from error


def _on_device(salm: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """The model where it computes, in what it computes; the spectrogram stays in float32."""
    if hasattr(salm, "lora_config"):
        salm.llm = salm.llm.merge_and_unload()  # the same sums in fewer steps a token
    preprocessor = salm.perception.preprocessor
    featurizer, preprocessor.featurizer = preprocessor.featurizer, None
    salm.to(device=device, dtype=dtype)
    preprocessor.featurizer = featurizer.to(device)
    return salm
