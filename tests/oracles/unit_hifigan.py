"""A unit HiFi-GAN in NumPy and float64, straight from the papers: slow, for one utterance.

It takes the tensors of a checkpoint with their names there, weight norm and all, and knows a style
beside the speaker, which fairseq 0.12.2 does not.
"""

import numpy as np


def weight(tensors, name):
    if f"{name}.weight" in tensors:
        return tensors[f"{name}.weight"]
    g, v = tensors[f"{name}.weight_g"], tensors[f"{name}.weight_v"]
    return np.stack([g[i] * v[i] / np.sqrt((v[i] ** 2).sum()) for i in range(len(v))])


def convolve(tensors, name, x, dilation=1):
    """Zeros around ``x`` (channels, steps), so that the length stays."""
    w, bias = weight(tensors, name), tensors[f"{name}.bias"]
    kernel, steps = w.shape[2], x.shape[1]
    side = dilation * (kernel - 1) // 2
    padded = np.pad(x, [(0, 0), (side, side)])
    return bias[:, None] + sum(w[:, :, j] @ padded[:, j * dilation : j * dilation + steps] for j in range(kernel))


def stretch(tensors, name, x, rate):
    """Transposed convolution: every step adds its kernel, ``rate`` steps after the one before; the edges go."""
    w, bias = weight(tensors, name), tensors[f"{name}.bias"]
    kernel, steps = w.shape[2], x.shape[1]
    out = np.zeros((w.shape[1], (steps - 1) * rate + kernel))
    for step in range(steps):
        out[:, step * rate : step * rate + kernel] += np.einsum("i,iok->ok", x[:, step], w)
    edge = (kernel - rate) // 2
    return out[:, edge : out.shape[1] - edge] + bias[:, None]


def leaky(x, slope):
    return np.where(x > 0, x, slope * x)


def speech(tensors, config, units, speaker=None, style=None):
    """Samples of a list of units."""
    tensors = {name: np.asarray(values, dtype=np.float64) for name, values in tensors.items()}
    parts = [tensors["dict.weight"][units]]
    if speaker is not None:
        parts.append(np.tile(tensors["spkr.weight"][speaker], (len(units), 1)))
    if style is not None:
        parts.append(np.tile(tensors["style.weight"][style], (len(units), 1)))
    x = convolve(tensors, "conv_pre", np.concatenate(parts, axis=1).T)
    blocks = list(zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"]))
    for stage, rate in enumerate(config["upsample_rates"]):
        x = stretch(tensors, f"ups.{stage}", leaky(x, 0.1), rate)
        outputs = []
        for number, (_, dilations) in enumerate(blocks):
            y, prefix = x, f"resblocks.{stage * len(blocks) + number}"
            for i, dilation in enumerate(dilations):
                z = convolve(tensors, f"{prefix}.convs1.{i}", leaky(y, 0.1), dilation)
                y = y + convolve(tensors, f"{prefix}.convs2.{i}", leaky(z, 0.1))
            outputs.append(y)
        x = np.mean(outputs, axis=0)
    return np.tanh(convolve(tensors, "conv_post", leaky(x, 0.01)))[0]
