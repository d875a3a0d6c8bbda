"""Small speech models of transformers' own classes, and what they themselves give for a waveform."""

import torch
from transformers import (
    Data2VecAudioConfig,
    Data2VecAudioModel,
    HubertConfig,
    HubertModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

BLOCKS = 3
SMALL = {
    "hidden_size": 48,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "conv_dim": [32] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "vocab_size": 11,
}
PRE_NORM = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
BUCKETS = {"num_buckets": 32, "max_bucket_distance": 80}
FAMILIES = {
    "hubert": (HubertModel, HubertConfig, {}),
    "hubert batch norm": (HubertModel, HubertConfig, {"conv_pos_batch_norm": True}),
    "hubert 25 Hz": (
        HubertModel,
        HubertConfig,
        {"conv_dim": [32] * 8, "conv_kernel": [10, 3, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2, 2]},
    ),
    "hubert large": (HubertModel, HubertConfig, PRE_NORM),
    "wav2vec2": (Wav2Vec2Model, Wav2Vec2Config, {}),
    "wav2vec2 large": (Wav2Vec2Model, Wav2Vec2Config, PRE_NORM),
    "wavlm": (WavLMModel, WavLMConfig, BUCKETS),
    "wavlm large": (WavLMModel, WavLMConfig, {**BUCKETS, **PRE_NORM}),
    "data2vec": (Data2VecAudioModel, Data2VecAudioConfig, {"conv_pos_kernel_size": 19, "num_conv_pos_embeddings": 5}),
}
PRE_NORM_FAMILIES = [name for name in FAMILIES if name.endswith("large")]


def configuration(family):
    _, config_class, settings = FAMILIES[family]
    return config_class(**{**SMALL, **settings})


@torch.no_grad()
def shaken(model):
    """The model with weights under which every part of it matters; as they begin, blocks hardly change anything."""
    for name, values in [*model.named_parameters(), *model.named_buffers()]:
        if not values.is_floating_point():
            continue
        noise = torch.randn(values.shape)
        if name.endswith("running_var"):
            values.copy_(0.5 + noise.abs())
        elif values.ndim == 2:
            values.copy_(noise * 1.5 / values.shape[1] ** 0.5)
        elif values.ndim == 1:
            values.add_(0.3 * noise)
    return model.eval()


def small_model(family):
    """A model of this family with random weights, the same at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return shaken(FAMILIES[family][0](configuration(family)))


def normalized(samples_N):
    """The waveform as transformers' own feature extractor hands it over, shape (1, N)."""
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True)
    return extractor(samples_N, sampling_rate=16_000, return_tensors="pt").input_values


@torch.no_grad()
def forward(model, samples_N, normalize=True):
    """What transformers gives for one waveform, with ``hidden_states`` before and behind each block."""
    values = normalized(samples_N) if normalize else torch.from_numpy(samples_N)[None]
    return model(values, output_hidden_states=True)


def output_of(model, layer, samples_N, normalize=True):
    """Output (T, D) of a block, counted from 1, for one waveform."""
    return forward(model, samples_N, normalize).hidden_states[layer][0]


def units(features_TD, codebook_KD):
    """Nearest codes."""
    return torch.cdist(features_TD.double(), codebook_KD.double()).argmin(1)


def some_frames(features_TD, n_codes=200):
    """A codebook: different frames, by chance."""
    generator = torch.Generator().manual_seed(1)
    return features_TD[torch.randperm(len(features_TD), generator=generator)[:n_codes]]
