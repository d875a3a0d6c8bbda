"""A small Canary-Qwen: a model of its real class and layout, that has learned a few clips by heart."""

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from tiny_hearing import RATE, WIDTH, conformer, one_thread, spectrogram
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.utils.rnn import pad_sequence

from amela.asr.nemo import import_nemo

FEATURES = 128  # bands of the spectrogram
PROMPT = "Transcribe the following:"
START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
TAG = "<|audioplaceholder|>"
MOST_STEPS, LEARNING_RATE = 400, 2e-3
LEARNED = 0.01  # nats a token
CHECK_EVERY = 20  # steps


def save_tiny_salm(folder, clips, seed=0, steps=MOST_STEPS, tied=False):
    """Save a folder that transcribes ``clips``, pairs of an audio file (16 kHz, mono) and its text, exactly.

    With ``steps`` 0 it has learned nothing. ``tied``: words are read and written by the same weights.
    """
    folder = Path(folder)
    salm_class = import_nemo("nemo.collections.speechlm2.models").SALM
    with torch.random.fork_rng(), tempfile.TemporaryDirectory() as parts:
        torch.manual_seed(seed)
        _save_tokenizer(folder, [text for _, text in clips])
        n_tokens = len(json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
        _save_language_model(folder / "llm_backbone", n_tokens, tied)
        salm = salm_class(_config(folder))
        if steps:
            with one_thread():
                _learn(salm, clips, seed, steps)
        salm.save_pretrained(parts)
        # where it was made tells nobody anything: what lies beside config.json is read
        config = {**json.loads(Path(parts, "config.json").read_text("utf-8")), "pretrained_llm": "Qwen/Qwen3-1.7B"}
        config.pop("tokenizer_path")
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        (folder / "model.safetensors").write_bytes(Path(parts, "model.safetensors").read_bytes())


def _save_tokenizer(folder, texts):
    """Byte-level BPE in which the words of the texts are a token each, as transformers saves it."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=alphabet, special_tokens=[PAD, START, END], show_progress=False
    )
    tokenizer.train_from_iterator([*texts, PROMPT, "user assistant"], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PAD).save_pretrained(folder)


def _save_language_model(folder, n_tokens, tied):
    from transformers import Qwen3Config

    Qwen3Config(
        vocab_size=n_tokens + 8,  # room for the tag, as Qwen's has
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=4096,
        tie_word_embeddings=tied,
        architectures=["Qwen3ForCausalLM"],
    ).save_pretrained(folder)


def _config(folder):
    """As in the configuration of Canary-Qwen, with a model of a ten-thousandth of its size."""
    perception = "nemo.collections.speechlm2.modules.perception"
    return {
        "pretrained_llm": str(folder / "llm_backbone"),
        "tokenizer_path": str(folder),
        "pretrained_asr": "nvidia/canary-1b-flash",
        "pretrained_weights": False,
        "prompt_format": "qwen",
        "audio_locator_tag": TAG,
        "freeze_params": [],
        "prevent_freeze_params": [],
        "lora": {
            "task_type": "CAUSAL_LM",
            "r": 8,
            "lora_alpha": 16,
            "lora_dropout": 0.01,
            "target_modules": ["q_proj", "v_proj"],
        },
        "perception": {
            "target": f"{perception}.AudioPerceptionModule",
            "output_dim": WIDTH,
            "preprocessor": spectrogram(FEATURES),
            "encoder": conformer(FEATURES),
            "modality_adapter": {"_target_": f"{perception}.IdentityConnector", "d_model": WIDTH},
        },
        "optimizer": {"_target_": "torch.optim.AdamW", "lr": 5e-4},
    }


def _learn(salm, clips, seed, steps):
    """Train until greedy generation gives every text.

    Beside it the mean frame of the encoder must tell the clips apart: else the language model
    first learns by heart how long they are, and takes ten times as long to listen.
    """
    drawn = np.random.default_rng(seed)
    voices = [soundfile.read(path, dtype="float32")[0] for path, _ in clips]
    texts = [text for _, text in clips]
    for weight in salm.parameters():
        weight.requires_grad_(True)
    which = torch.nn.Linear(WIDTH, len(clips))
    optimizer = torch.optim.AdamW([*salm.parameters(), *which.parameters()], lr=LEARNING_RATE, weight_decay=0.0)
    salm.eval()  # nothing is dropped, and batch norm keeps its statistics
    heard = []
    hook = salm.perception.register_forward_hook(lambda module, given, frames: heard.append(frames))
    for step in range(1, steps + 1):
        around = drawn.uniform(0.0, 0.3, (len(clips), 2))  # seconds of silence: pieces are cut here or there
        heard.clear()
        loss = _loss(salm, [_padded(*each) for each in zip(voices, around)], texts)
        means = torch.stack([frames_TD[:n].mean(0) for frames_TD, n in zip(*heard[0])])
        apart = torch.nn.functional.cross_entropy(which(means), torch.arange(len(clips)))
        optimizer.zero_grad()
        (loss + apart).backward()
        torch.nn.utils.clip_grad_norm_(salm.parameters(), 1.0)
        optimizer.step()
        if step % CHECK_EVERY == 0 and loss.item() < LEARNED and _greedy(salm, voices) == texts:
            hook.remove()
            return
    raise RuntimeError(f"not learned in {steps} steps: {texts}")


def _padded(samples_N, around):
    return np.pad(samples_N, [int(seconds * RATE) for seconds in around])


def _audio(voices):
    lengths = torch.tensor([len(samples_N) for samples_N in voices])
    return pad_sequence([torch.from_numpy(samples_N) for samples_N in voices], batch_first=True), lengths


def _loss(salm, voices, texts):
    """Cross entropy of the answers, in nats a token."""
    from nemo.collections.common.prompts import PromptFormatter
    from nemo.collections.speechlm2.data.salm_dataset import left_collate_vectors

    formatter = PromptFormatter.resolve("qwen")(salm.tokenizer)
    question = {"role": "user", "content": f"{PROMPT} {TAG}"}
    dialogs = [formatter.encode_dialog([question, {"role": "assistant", "content": text}]) for text in texts]
    audios, audio_lens = _audio(voices)
    inputs = salm.prepare_inputs(
        {
            "audios": audios,
            "audio_lens": audio_lens,
            "input_ids": left_collate_vectors([d["input_ids"] for d in dialogs], padding_value=salm.text_pad_id),
            "loss_mask": left_collate_vectors([d["mask"] for d in dialogs], padding_value=0).bool(),
        }
    )
    logits = salm(inputs["input_embeds"], attention_mask=inputs["attention_mask"])["logits"]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), inputs["target_ids"].flatten())


def _greedy(salm, voices):
    """Texts as NeMo's own generation gives them."""
    audios, audio_lens = _audio(voices)
    prompts = [[{"role": "user", "content": f"{PROMPT} {TAG}"}] for _ in voices]
    answers = salm.generate(prompts=prompts, audios=audios, audio_lens=audio_lens, max_new_tokens=20)
    ends = [tokens.tolist() + [salm.text_eos_id] for tokens in answers]
    return [salm.tokenizer.ids_to_text(tokens[: tokens.index(salm.text_eos_id)]).strip() for tokens in ends]
