#!/usr/bin/env python3
"""How close the encoders come to the programs they stand for: the table of docs/fidelity.md.

Every model has random weights, the same on both sides, and the architecture of a published one. References:
fairseq's classes, which run in an environment of their own (tests/oracles/fairseq_models.py), and transformers'
path for one file. Units are those of 200 codes, frames of the reference drawn at random.

Example
    python tools/bench/parity.py --speech recordings/
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf
import torch
import transformers

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
from amela.checkpoints.receipt import make_receipt
from amela.encoders.fairseq import FairseqEncoder
from amela.encoders.hf import HuggingFaceEncoder
from amela.io.manifest import Utterance
from amela.units.stream import Stream

ORACLE = ROOT / "tests" / "oracles" / "fairseq_models.py"
CODES = 200
ALL_LAYERS = 2  # files of which the reference keeps every layer; of the others the last
BATCH = 8  # utterances in a padded batch
CHUNK, OVERLAP = 12.0, 3.0  # seconds: short, so that there are several stretches
LARGE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
NARROW = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "conv_dim": (32,) * 7,
}
FAIRSEQ = {
    "small": {
        "hubert-weight-norm": "HuBERT base",
        "hubert-batch-norm": "mHuBERT",
        "hubert-batch-norm-25-hz": "mHuBERT 25 Hz",
        "hubert-large": "HuBERT large",
        "hubert-large-batch-norm": "HuBERT large with batch norm",
        "hubert-equal-widths": "HuBERT without a projection",
        "wav2vec2": "wav2vec 2.0 base",
        "wav2vec2-large": "wav2vec 2.0 large, XLSR-53, MMS",
    },
    "base": {"hubert-base": "HuBERT base", "hubert-base-batch-norm": "mHuBERT"},
}
TRANSFORMERS = {  # model → class of its settings, settings, waveforms normalised
    "HuBERT base": ("HubertConfig", {}, True),
    "wav2vec 2.0 with the layout of XLSR-53, MMS": ("Wav2Vec2Config", LARGE, True),
    "WavLM base": ("WavLMConfig", {}, False),
    "Data2Vec-audio base": ("Data2VecAudioConfig", {}, True),
}


def clips_of(folder, seconds):
    """Files of a folder, evenly spread over it, of so many seconds together: stem → path, samples."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac"))
    paths = [path for path in paths if sf.info(path).samplerate == 16_000]
    if not paths:
        sys.exit(f"no 16 kHz WAV or FLAC file in {folder}")
    wanted = seconds / np.mean([sf.info(path).duration for path in paths])
    chosen = paths[:: max(1, int(len(paths) / wanted))]
    return {path.stem: (path, sf.read(path, dtype="float32")[0]) for path in chosen}


def gain(name):
    """Sharp attention and narrow branches: else frames grow alike from block to block, until all are one."""
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        return 2.0
    return 0.15 if name.endswith(("out_proj.weight", "output_dense.weight")) else 1.0


@torch.no_grad()
def random_model(config, seed):
    """A model of transformers with values in every parameter that let the input through to the last layer."""
    torch.manual_seed(seed)
    model = transformers.AutoModel.from_config(config).eval()
    for name, value in model.named_parameters():
        if value.dim() > 1:
            value.normal_(std=gain(name) * (2.0 / value[0].numel()) ** 0.5)
        else:
            value.normal_(mean=1.0 if name.endswith("weight") else 0.0, std=0.2)
        if name.endswith("original0"):  # lengths of weights
            value.abs_().mul_(0.3).add_(0.3)
    return model


@torch.inference_mode()
def transformers_features(model, extractor, clips):
    """What transformers gives for one file after the other: {"stem/layer": features}."""
    features, last = {}, model.config.num_hidden_layers
    for index, (stem, (_, samples)) in enumerate(clips.items()):
        values = extractor(samples, sampling_rate=16_000, return_tensors="pt").input_values
        answer = model(values, output_hidden_states=True)
        for layer in range(1, last + 1) if index < ALL_LAYERS else [last]:
            features[f"{stem}/{layer}"] = answer.hidden_states[layer][0].numpy()
        if getattr(model.config, "do_stable_layer_norm", False):
            features[f"{stem}/final"] = answer.last_hidden_state[0].numpy()
    return features


def units(features_TD, codebook_KD):
    distances_TK = (codebook_KD**2).sum(1) - 2 * features_TD.astype(np.float64) @ codebook_KD.T
    return distances_TK.argmin(1)


def one_by_one(encoder, clips):
    return {stem: encoder.encode([samples])[0].float().numpy() for stem, (_, samples) in clips.items()}


def padded(encoder, clips):
    features, stems = {}, list(clips)
    for start in range(0, len(stems), BATCH):
        some = stems[start : start + BATCH]
        encoded = encoder.encode([clips[stem][1] for stem in some])
        features.update({stem: each.float().numpy() for stem, each in zip(some, encoded)})
    return features


def differences(found, expected):
    """Largest absolute difference, and the share of frames with the same unit (%)."""
    found_TD, expected_TD = (np.concatenate([features[stem] for stem in expected]) for features in (found, expected))
    rows = np.random.default_rng(0).choice(len(expected_TD), min(CODES, len(expected_TD)), replace=False)
    codebook_KD = expected_TD[rows].astype(np.float64)
    same = units(found_TD, codebook_KD) == units(expected_TD, codebook_KD)
    return np.abs(found_TD - expected_TD).max(), 100 * same.mean()


def rows_of(name, encoder_class, receipt, reference, clips):
    """Lines of the table for one model; ``reference``: "stem/layer" or "stem/final" → features."""
    last = max(int(key.rpartition("/")[2]) for key in reference if not key.endswith("/final"))
    for layer in sorted({1, last // 2, 3 * last // 4, last} - {0}):
        some = {stem: clip for stem, clip in clips.items() if f"{stem}/{layer}" in reference}
        ours = one_by_one(encoder_class(receipt, layer, "stream"), some)
        extra = []
        if layer == last:
            batch = differences(padded(encoder_class(receipt, layer, "stream"), some), ours)
            _, rounded = differences(one_by_one(encoder_class(receipt, layer, "stream", "bf16"), some), ours)
            extra = [f"{batch[0]:.1e}", f"{batch[1]:.2f}", f"{rounded:.2f}"]
        print_row(name, str(layer), ours, {stem: reference[f"{stem}/{layer}"] for stem in some}, extra)
    some = {stem: clip for stem, clip in clips.items() if f"{stem}/final" in reference}
    if some:
        ours = one_by_one(encoder_class(receipt, last, "final_norm"), some)
        print_row(name, f"{last}, final norm", ours, {stem: reference[f"{stem}/final"] for stem in some}, [])


def stretches_row(name, encoder_class, receipt, layer, clips):
    """Everything as one long utterance, in stretches and whole."""
    samples = np.concatenate([samples for _, samples in clips.values()])
    utterance = Utterance(id="all", audio_filepath="", duration=len(samples) / 16_000)
    encoder = encoder_class(receipt, layer, "stream", chunk=CHUNK, overlap=OVERLAP)

    def load(part):
        start = round(part.offset * 16_000)
        return samples[start : start + round(part.duration * 16_000)]

    ((encoded,),) = Stream(encoder, load, lambda _, features_TD: features_TD.numpy()).run([[utterance]])
    parts = encoded.parts
    error, same = differences({"all": np.concatenate(parts)}, {"all": encoder.encode([samples])[0].numpy()})
    print(f"{name}, layer {layer}, {utterance.duration:.0f} s in {len(parts)} stretches of {CHUNK:g} s, ", end="")
    print(f"{OVERLAP:g} s of context: max abs difference {error:.1e}, same units {same:.2f} %", flush=True)


def print_row(name, layer, ours, expected, extra):
    error, same = differences(ours, expected)
    row = [name, layer, f"{sum(map(len, ours.values())):,}", f"{error:.1e}", f"{same:.2f}", *(extra or [""] * 3)]
    print("| " + " | ".join(row) + " |", flush=True)


def against_fairseq(python, size, clips, folder):
    for model, name in FAIRSEQ[size].items():
        command = [python, ORACLE, folder, "--models", model, "--wav", *(path for path, _ in clips.values())]
        subprocess.run([str(part) for part in command], check=True, stderr=subprocess.DEVNULL)
        with np.load(folder / f"{model}.npz") as reference:
            receipt = make_receipt(model, [folder / f"{model}.pt"])
            rows_of(f"{name} (fairseq)", FairseqEncoder, receipt, reference, clips)
        (folder / f"{model}.pt").unlink()


def transformers_checkpoint(settings_class, size, normalize, settings, seed, folder):
    """A model, its feature extractor and the receipt of both as they are saved."""
    config = getattr(transformers, settings_class)(**settings, **(NARROW if size == "small" else {}))
    model = random_model(config, seed)
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=normalize, return_attention_mask=False)
    target = folder / settings_class
    model.save_pretrained(target)
    extractor.save_pretrained(target)
    return model, extractor, make_receipt(settings_class, [path for path in target.iterdir() if path.is_file()])


def against_transformers(size, clips, folder):
    notes = []
    for seed, (name, (settings_class, settings, normalize)) in enumerate(TRANSFORMERS.items()):
        checkpoint = transformers_checkpoint(settings_class, size, normalize, settings, seed, folder)
        model, extractor, receipt = checkpoint
        rows_of(
            f"{name} (transformers)", HuggingFaceEncoder, receipt, transformers_features(model, extractor, clips), clips
        )
        notes.append((name, HuggingFaceEncoder, receipt, model.config.num_hidden_layers, clips))
    print()
    for note in notes:
        stretches_row(*note)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=ROOT / "resources/demo/anna", help="folder of 16 kHz mono files")
    parser.add_argument("--seconds", type=float, default=60.0, help="of speech to compare on")
    parser.add_argument(
        "--size", choices=["small", "base"], default="base", help="small: 3 blocks of 48, base: 12 of 768"
    )
    parser.add_argument("--fairseq", type=Path, default=ROOT / ".venv-fairseq/bin/python", help="a Python with fairseq")
    args = parser.parse_args()

    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    clips = clips_of(args.speech, args.seconds)
    seconds = sum(len(samples) for _, samples in clips.values()) / 16_000
    print(f"{datetime.date.today()}, {len(clips)} files, {seconds:.0f} s, PyTorch {torch.__version__}, ", end="")
    print(f"transformers {transformers.__version__}, size {args.size}\n")
    print("| model (reference) | layer | frames | max abs error | same units (%) ", end="")
    print("| padded: max abs difference | padded: same units (%) | bf16: same units (%) |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        if args.fairseq.exists():
            against_fairseq(args.fairseq, args.size, clips, Path(folder))
        else:
            print(f"no fairseq at {args.fairseq}: compared with transformers alone", file=sys.stderr)
        against_transformers(args.size, clips, Path(folder))


if __name__ == "__main__":
    main()
