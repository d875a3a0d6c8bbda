"""Recognisers of the real size with random weights, made by NeMo's own classes from their published sizes.

Speed and memory depend on sizes alone. Vocabularies are as large as the real ones, their words are
made up; a generating model knows a few hundred of them and is held to these (``asr_pace``).
"""

from __future__ import annotations

import copy
from itertools import product
from pathlib import Path
from typing import Any, List, Mapping, Tuple

import torch
from asr_pace import always_a_token
from torch.overrides import TorchFunctionMode

from amela.asr.nemo import import_nemo
from amela.audio import SAMPLE_RATE
from amela.checkpoints.receipt import Receipt

PARAMETERS = {"canary-qwen": 2.5e9, "parakeet": 0.6e9}  # as published
TOLERANCE = 0.1
SYLLABLES = ["".join(letters) for letters in product("bdfgklmnprstvz", "aeiou")]  # of the vocabularies

# What NeMo's FastConformers of this family share; canary-1b-flash, whose encoder canary-qwen has, and parakeet-tdt.
PREPROCESSOR = {
    "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
    "sample_rate": SAMPLE_RATE, "normalize": "per_feature", "window_size": 0.025, "window_stride": 0.01,
    "window": "hann", "features": 128, "n_fft": 512, "log": True, "dither": 0.0, "pad_to": 0,
}  # fmt: skip
ENCODER = {
    "_target_": "nemo.collections.asr.modules.ConformerEncoder",
    "feat_in": 128, "feat_out": -1, "d_model": 1024, "n_heads": 8, "ff_expansion_factor": 4, "conv_kernel_size": 9,
    "subsampling": "dw_striding", "subsampling_factor": 8, "subsampling_conv_channels": 256,
    "self_attention_model": "rel_pos", "att_context_size": [-1, -1], "untie_biases": True, "pos_emb_max_len": 5000,
    "conv_norm_type": "batch_norm", "xscaling": False,
}  # fmt: skip
QWEN3_1_7B = {
    "vocab_size": 151_936, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28,
    "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 40_960,
    "tie_word_embeddings": True, "architectures": ["Qwen3ForCausalLM"],
}  # fmt: skip
CANARY = {
    "prompt_format": "qwen", "audio_locator_tag": "<|audioplaceholder|>", "pretrained_asr": "none",
    "pretrained_weights": False, "freeze_params": [], "prevent_freeze_params": [],
    "lora": {
        "task_type": "CAUSAL_LM", "r": 128, "lora_alpha": 256, "lora_dropout": 0.01,
        "target_modules": ["q_proj", "v_proj"],
    },
    "perception": {
        "target": "nemo.collections.speechlm2.modules.perception.AudioPerceptionModule",
        "output_dim": QWEN3_1_7B["hidden_size"], "preprocessor": PREPROCESSOR, "encoder": {**ENCODER, "n_layers": 32},
        "modality_adapter": {
            "_target_": "nemo.collections.speechlm2.modules.perception.IdentityConnector", "d_model": 1024,
        },
    },
}  # fmt: skip
DURATIONS = [0, 1, 2, 3, 4]  # frames of 80 ms that a token of a TDT may last
VOCABULARY = 8_192  # of parakeet
PARAKEET = {
    "sample_rate": SAMPLE_RATE,
    "tokenizer": {"type": "bpe"},
    "model_defaults": {
        "enc_hidden": 1024, "pred_hidden": 640, "joint_hidden": 640,
        "tdt_durations": DURATIONS, "num_tdt_durations": len(DURATIONS),
    },
    "preprocessor": PREPROCESSOR,
    "encoder": {**ENCODER, "n_layers": 24},
    "decoder": {
        "_target_": "nemo.collections.asr.modules.RNNTDecoder",
        "normalization_mode": None, "random_state_sampling": False, "blank_as_pad": True,
        "prednet": {"pred_hidden": 640, "pred_rnn_layers": 2, "dropout": 0.0},
    },
    "joint": {
        "_target_": "nemo.collections.asr.modules.RNNTJoint",
        "log_softmax": None, "preserve_memory": False, "fuse_loss_wer": False, "num_extra_outputs": len(DURATIONS),
        "jointnet": {
            "joint_hidden": 640, "activation": "relu", "dropout": 0.0, "encoder_hidden": 1024, "pred_hidden": 640,
        },
    },
    "decoding": {
        "strategy": "greedy_batch", "model_type": "tdt", "durations": DURATIONS, "greedy": {"max_symbols": 10},
    },
    "loss": {"loss_name": "tdt_pytorch", "tdt_pytorch_kwargs": {"durations": DURATIONS, "sigma": 0.02}},
}  # fmt: skip


def words(n: int) -> List[str]:
    """Different words, made of three syllables."""
    return ["".join(parts) for parts, _ in zip(product(SYLLABLES, repeat=3), range(n))]


def save_tokenizer(folder: Path) -> None:
    """A byte-level vocabulary with the special tokens of Qwen's."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    text = ["Transcribe the following: user assistant", " ".join(words(50))]
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(text, trainer)
    saved = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    saved.save_pretrained(folder)


def canary(folder: Path, language_model: Mapping[str, Any] = QWEN3_1_7B, config: Mapping[str, Any] = CANARY) -> Any:
    """A SALM; ``folder`` gets its tokenizer and the configuration of its language model."""
    models = import_nemo("nemo.collections.speechlm2.models")
    from transformers import Qwen3Config

    save_tokenizer(folder)
    Qwen3Config(**language_model).save_pretrained(folder / "llm_backbone")
    places = {"pretrained_llm": str(folder / "llm_backbone"), "tokenizer_path": str(folder)}
    return models.SALM({**copy.deepcopy(dict(config)), **places}).eval()


def parakeet(folder: Path, config: Mapping[str, Any] = PARAKEET, vocabulary: int = VOCABULARY) -> Any:
    """A TDT model with SentencePiece's tokens; ``folder`` gets these."""
    models = import_nemo("nemo.collections.asr.models")
    from omegaconf import OmegaConf
    from sentencepiece import SentencePieceTrainer

    folder.mkdir(parents=True, exist_ok=True)
    SentencePieceTrainer.train(
        sentence_iterator=iter(words(2 * vocabulary)), model_prefix=str(folder / "tokenizer"), vocab_size=vocabulary,
        model_type="bpe", minloglevel=2,
    )  # fmt: skip
    pieces = [line.split("\t")[0] for line in (folder / "tokenizer.vocab").read_text("utf-8").splitlines()]
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), "utf-8")
    settings = OmegaConf.create(copy.deepcopy(dict(config)))
    settings.tokenizer.dir = str(folder)
    return models.EncDecRNNTBPEModel(cfg=settings).eval()


class Unallocated(TorchFunctionMode):
    """Within it, modules are built whose weights take no memory: they can be counted, not computed with."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        place = {"device": "meta"} if function is torch.empty else {}
        return function(*args, **{**(kwargs or {}), **place})


def parameters(model: torch.nn.Module) -> int:
    """How many parameters; tied ones count once."""
    return sum(parameter.numel() for parameter in model.parameters())


def tiny_canary(folder: Path) -> Any:
    """The same with a few thousandths of the weights."""
    encoder = {**ENCODER, "d_model": 64, "n_heads": 4, "n_layers": 2, "subsampling_conv_channels": 16}
    adapter = {**CANARY["perception"]["modality_adapter"], "d_model": 64}
    perception = {**CANARY["perception"], "output_dim": 64, "encoder": encoder, "modality_adapter": adapter}
    language_model = {
        **QWEN3_1_7B, "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
        # with tied embeddings a random model repeats its last token, whatever it hears
        "tie_word_embeddings": False, "initializer_range": 0.3,
    }  # fmt: skip
    return canary(folder, language_model, {**CANARY, "lora": {**CANARY["lora"], "r": 4}, "perception": perception})


def save_canary(model: Any, folder: Path) -> Receipt:
    """Write a SALM beside its tokenizer, as its recogniser reads it."""
    model.save_pretrained(folder)
    names = ("config.json", "model.safetensors", "llm_backbone/config.json", "tokenizer.json", "tokenizer_config.json")
    return Receipt("random", 64 * "0", {name: folder / name for name in names})


def save_parakeet(model: Any, folder: Path) -> Receipt:
    """Write a TDT model as its recogniser reads it."""
    path = folder / "random.nemo"
    model.save_to(str(path))
    return Receipt("random", 64 * "0", {path.name: path})


def save_real(name: str, folder: Path) -> Tuple[Receipt, int]:
    """Write a model of the real size, in bfloat16, which halves the file; how many parameters it has."""
    torch.manual_seed(0)
    make, save = {"canary-qwen": (canary, save_canary), "parakeet": (parakeet, save_parakeet)}[name]
    model = make(folder)
    check_size(name, model)
    if name == "parakeet":
        always_a_token(model)
    return save(model.to(torch.bfloat16), folder), parameters(model)


def check_size(name: str, model: torch.nn.Module) -> None:
    """End the benchmark where a model is not of the size that was published."""
    if abs(parameters(model) / PARAMETERS[name] - 1) > TOLERANCE:
        raise SystemExit(f"error: {name} has {parameters(model):,} parameters, published are {PARAMETERS[name]:,.0f}")
