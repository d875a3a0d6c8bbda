"""Small unit HiFi-GANs with random weights, in files as the real ones have them."""

import json

import numpy as np
import torch

from amela.checkpoints.receipt import Facts, receipt_content, write_receipt
from amela.provenance import file_sha256
from amela.units.codebook import make_codebook, write_codebook

K, SPEAKERS, STYLES = 20, ["anna", "bo", "cleo"], ["read-default", "read-happy"]
UNKNOWN = Facts()
# The rates and kernels of the published ones, a thirty-second of their channels.
PLAIN = {
    "num_embeddings": K,
    "embedding_dim": 6,
    "model_in_dim": 6,
    "upsample_rates": [5, 4, 4, 2, 2],
    "upsample_kernel_sizes": [11, 8, 8, 4, 4],
    "upsample_initial_channel": 32,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    "resblock": "1",
    "sampling_rate": 16_000,
}
VOICES = {**PLAIN, "model_in_dim": 12, "multispkr": "from_input_file", "num_speakers": len(SPEAKERS)}
STYLED = {**VOICES, "model_in_dim": 18, "multistyle": "from_input_file", "num_styles": len(STYLES)}
DURATION = {"encoder_embed_dim": 6, "var_pred_hidden_dim": 10, "var_pred_kernel_size": 3, "var_pred_dropout": 0.5}
SLOW = {
    **PLAIN,
    "upsample_rates": [5, 4, 4, 4, 2],
    "upsample_kernel_sizes": [11, 8, 8, 8, 4],
    "dur_predictor_params": DURATION,
}
UNEVEN = {**PLAIN, "upsample_rates": [5, 4, 4, 4], "upsample_kernel_sizes": [10, 8, 8, 8]}  # 320 T + 64 samples


def shapes(config):
    """Name → shape of every tensor of a checkpoint."""
    wide, shaped = (
        config["upsample_initial_channel"],
        {"dict.weight": (config["num_embeddings"], config["embedding_dim"])},
    )

    def normed(name, *shape, bias):
        shaped[f"{name}.weight_v"], shaped[f"{name}.weight_g"] = shape, (shape[0], 1, 1)
        shaped[f"{name}.bias"] = (bias,)

    for key, table in (("num_speakers", "spkr"), ("num_styles", "style")):
        if key in config:
            shaped[f"{table}.weight"] = (config[key], config["embedding_dim"])
    normed("conv_pre", wide, config["model_in_dim"], 7, bias=wide)
    for stage, kernel in enumerate(config["upsample_kernel_sizes"]):
        normed(f"ups.{stage}", wide, wide // 2, kernel, bias=wide // 2)
        wide //= 2
        for number, size in enumerate(config["resblock_kernel_sizes"]):
            for layer in ("convs1", "convs2"):
                for i in range(3):
                    normed(f"resblocks.{3 * stage + number}.{layer}.{i}", wide, wide, size, bias=wide)
    normed("conv_post", 1, wide, 7, bias=1)
    if "dur_predictor_params" in config:
        d, h, k = (config["dur_predictor_params"][key] for key in list(DURATION)[:3])
        shaped.update({"dur_predictor.conv1.0.weight": (h, d, k), "dur_predictor.conv2.0.weight": (h, h, k)})
        shaped.update({f"dur_predictor.{name}.weight": (h,) for name in ("ln1", "ln2")})
        shaped.update({f"dur_predictor.{name}.bias": (h,) for name in ("conv1.0", "conv2.0", "ln1", "ln2")})
        shaped.update({"dur_predictor.proj.weight": (1, h), "dur_predictor.proj.bias": (1,)})
    return shaped


def tensors(config, seed=0):
    """Random weights that neither die away nor saturate."""
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=shape).astype(np.float32) for name, shape in sorted(shapes(config).items())}
    for name in values:
        if name.endswith("weight_g"):
            values[name] = (0.8 + 0.2 * np.abs(values[name])) * (5 if name.startswith("conv_post") else 1)
        elif name.endswith(("bias", "proj.weight")):
            values[name] *= 0.1
    return {name: torch.from_numpy(value) for name, value in values.items()}


def save_checkpoint(folder, config, weights=None, speakers=SPEAKERS, styles=STYLES):
    """Files of a checkpoint: generator, configuration, and the names of speakers and styles where it has any."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"generator": tensors(config) if weights is None else weights}, folder / "generator.pt")
    (folder / "config.json").write_text(json.dumps(config))
    for key, file, names in (("num_speakers", "speakers.txt", speakers), ("num_styles", "styles.txt", styles)):
        if key in config:
            (folder / file).write_text("".join(f"{name}\n" for name in names))


def save_tiny_vocoder(folder, k, speakers=SPEAKERS):
    """Files of a vocoder of ``k`` units of 20 ms."""
    save_checkpoint(folder, {**VOICES, "num_embeddings": k, "num_speakers": len(speakers)}, speakers=speakers)


def write_checkpoint(folder, config, weights=None, facts=UNKNOWN):
    """Files of a checkpoint and its receipt; returns the receipt's path."""
    save_checkpoint(folder, config, weights)
    return receipt_of(folder, facts)


def receipt_of(folder, facts=UNKNOWN, name="small-hifigan"):
    """Write the receipt of all files of a folder."""
    files = {path.name: path for path in sorted(folder.iterdir()) if path.name != "checkpoint.json"}
    digests = {name: file_sha256(path) for name, path in files.items()}
    write_receipt(folder / "checkpoint.json", receipt_content(name, files, digests, facts))
    return folder / "checkpoint.json"


def make_units_codebook(path, hop=0.02, k=K):
    """Write a codebook of ``k`` units; returns it."""
    centroids_KD = np.arange(4 * k, dtype=np.float32).reshape(k, 4)
    codebook = make_codebook(centroids_KD, np.ones(k, np.int64), {"encoder": "e", "hop": hop, "normalize": "none"})
    write_codebook(path, codebook)
    return codebook


def random_units(n_units, seed=0):
    """Units with runs, uint16."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.integers(0, K, n_units), rng.integers(1, 4, n_units))[:n_units].astype(np.uint16)
