"""A small Parakeet: a model of its real class and layout, that has learned a few clips by heart."""

import tempfile
from pathlib import Path

import numpy as np
import sentencepiece
import soundfile
import torch
from omegaconf import OmegaConf
from tiny_hearing import MODULES, RATE, WIDTH, conformer, one_thread, spectrogram

from amela.asr.nemo import import_nemo

FRAME, FEATURES = 0.08, 64  # seconds that a frame of the encoder is of; bands of the spectrogram
DURATIONS = [0, 1, 2, 3, 4]  # frames that a token may last
MOST_STEPS, LEARNING_RATE = 300, 5e-3
CHECK_EVERY = 20  # steps
MOST_SILENCE = 0.2  # seconds before and after a clip: pieces are cut here or there


def save_tiny_tdt(path, clips, seed=0, steps=MOST_STEPS, loss_name="tdt"):
    """Save a .nemo that transcribes ``clips``, pairs of an audio file (16 kHz, mono) and its text, exactly.

    With ``steps`` 0 it has learned nothing.
    """
    with torch.random.fork_rng(), tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(seed)
        _make_tokenizer(Path(folder), [text for _, text in clips])
        model = _build(Path(folder), loss_name)
        if steps:
            with one_thread():
                _learn(model, clips, seed, steps)
        model.save_to(str(path))


def _make_tokenizer(folder, texts):
    """SentencePiece's model and vocabulary, named as NeMo wants them."""
    letters = len(set("".join(texts)))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=letters + 40,
        hard_vocab_limit=False,
        character_coverage=1.0,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    pieces = [line.split("\t")[0] for line in (folder / "tokenizer.vocab").read_text("utf-8").splitlines()]
    (folder / "vocab.txt").write_text("\n".join(pieces[1:]) + "\n", "utf-8")


def _build(tokenizer, loss_name):
    """EncDecRNNTBPEModel as in the configuration of FastConformer-TDT, a few thousandths of its size."""
    config = {
        "sample_rate": RATE,
        "model_defaults": {
            "enc_hidden": WIDTH,
            "pred_hidden": WIDTH,
            "joint_hidden": WIDTH,
            "tdt_durations": DURATIONS,
            "num_tdt_durations": len(DURATIONS),
        },
        "tokenizer": {"dir": str(tokenizer), "type": "bpe"},
        "preprocessor": spectrogram(FEATURES),
        "spec_augment": {
            "_target_": f"{MODULES}.SpectrogramAugmentation",
            "freq_masks": 2,
            "time_masks": 10,
            "freq_width": 27,
            "time_width": 0.05,
        },
        "encoder": conformer(FEATURES, use_bias=False),
        "decoder": {
            "_target_": f"{MODULES}.RNNTDecoder",
            "normalization_mode": None,
            "random_state_sampling": False,
            "blank_as_pad": True,
            "prednet": {"pred_hidden": WIDTH, "pred_rnn_layers": 2, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": f"{MODULES}.RNNTJoint",
            "log_softmax": None,
            "preserve_memory": False,
            "fuse_loss_wer": True,
            "fused_batch_size": 4,
            "jointnet": {"joint_hidden": WIDTH, "activation": "relu", "dropout": 0.0},
            "num_extra_outputs": len(DURATIONS),
        },
        "decoding": {
            "strategy": "greedy_batch",
            "model_type": "tdt",
            "durations": DURATIONS,
            "greedy": {"max_symbols": 10},
        },
        "loss": {"loss_name": loss_name, f"{loss_name}_kwargs": {"durations": DURATIONS, "sigma": 0.02, "omega": 0.1}},
        "optim": {"name": "adamw", "lr": 1e-3},
    }
    models = import_nemo("nemo.collections.asr.models")
    return models.EncDecRNNTBPEModel(cfg=OmegaConf.create(config))


def _learn(model, clips, seed, steps):
    """Train on one alignment of each clip, and on silence, until greedy decoding gives every text."""
    drawn = np.random.default_rng(seed)
    voices = [soundfile.read(path, dtype="float32")[0] for path, _ in clips] + [np.zeros(RATE, np.float32)]
    texts = [text for _, text in clips] + [""]
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.15)
    model.eval()  # nothing is dropped, and batch norm keeps its statistics
    for step in range(1, steps + 1):
        around = drawn.uniform(0.0, MOST_SILENCE, (len(voices), 2))
        loss = _loss(model, voices, around, texts)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % CHECK_EVERY == 0 and all(_greedy(model, voices, silence) == texts for silence in (0.0, 0.1)):
            return
    raise RuntimeError(f"not learned in {steps} steps: {texts}")


def _encode(model, voices, around):
    """Frames of the encoder, and how many each has; ``around``: seconds of silence before and after each."""
    padded = [np.pad(each, [int(seconds * RATE) for seconds in silence]) for each, silence in zip(voices, around)]
    lengths = torch.tensor([len(each) for each in padded])
    samples_BN = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in padded], batch_first=True)
    mels_BMT, frames_B = model.preprocessor(input_signal=samples_BN, length=lengths)
    return model.encoder(audio_signal=mels_BMT, length=frames_B)


def _greedy(model, voices, silence):
    with torch.inference_mode():
        encoded_BDT, frames_B = _encode(model, voices, [(silence, silence)] * len(voices))
        found = model.decoding.rnnt_decoder_predictions_tensor(encoded_BDT, frames_B, return_hypotheses=True)
    return [hypothesis.text for hypothesis in found]


def _loss(model, voices, around, texts):
    """Cross entropy of tokens and of their durations along the alignments, in nats."""
    encoded_BDT, frames_B = _encode(model, voices, around)
    tokens = [model.tokenizer.text_to_ids(text) for text in texts]
    targets_BU = torch.nn.utils.rnn.pad_sequence([torch.tensor(each, dtype=torch.long) for each in tokens], True)
    target_length = torch.tensor([len(each) for each in tokens])
    predicted_BDU, _, _ = model.decoder(targets=targets_BU, target_length=target_length)
    nodes = []
    for index, (each, (before, _)) in enumerate(zip(tokens, around)):
        widths = [len(model.tokenizer.ids_to_tokens([token])[0]) for token in each]
        begin, end = before / FRAME, (before + len(voices[index]) / RATE) / FRAME
        starts = (begin + (end - begin) * np.cumsum([0, *widths]) / max(1, sum(widths))).astype(int).tolist()
        nodes += [(index, *node) for node in _path(each, starts, frames_B[index].item(), model.decoding.blank_id)]
    item, frame, said, token, duration = torch.tensor(nodes).T
    logits_LV = model.joint.joint_after_projection(
        model.joint.project_encoder(encoded_BDT.mT[item, frame][:, None]),
        model.joint.project_prednet(predicted_BDU.mT[item, said][:, None]),
    )[:, 0, 0]
    tokens_LV, durations_LV = logits_LV[:, : -len(DURATIONS)], logits_LV[:, -len(DURATIONS) :]
    cross_entropy = torch.nn.functional.cross_entropy
    return cross_entropy(tokens_LV, token) + cross_entropy(durations_LV, duration)


def _path(tokens, starts, n_frames, blank):
    """Steps of a decoder that says each token where it starts: (frame, tokens said, the next, frames it lasts)."""
    frame, steps = 0, []
    for said, token in enumerate([*tokens, blank]):
        until = starts[said] if said < len(tokens) else n_frames
        while frame < until:
            steps.append((frame, said, blank, min(DURATIONS[-1], until - frame)))
            frame += steps[-1][-1]
        if said < len(tokens):
            steps.append((frame, said, token, min(DURATIONS[-1], max(0, min(starts[said + 1], n_frames) - frame))))
            frame += steps[-1][-1]
    return steps
