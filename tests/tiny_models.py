"""Small models of the real classes with random weights, saved as the checkpoints that people have."""

from pathlib import Path

import joblib
import numpy as np
import torch
from sklearn.cluster import KMeans
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

DIMENSION = 32


def save_tiny_hubert(folder: Path, seed: int = 0) -> None:
    """HuBERT of three blocks, 50 frames a second, as transformers saves it."""
    torch.manual_seed(seed)
    config = HubertConfig(
        hidden_size=DIMENSION,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=[16] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    HubertModel(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(folder)


def save_quantizer(path: Path, k: int, seed: int = 0) -> None:
    """K-means as scikit-learn leaves it and joblib writes it, over features as a norm with random input gives them."""
    frames = np.random.default_rng(seed).normal(size=(50 * k, DIMENSION)).astype(np.float32)
    joblib.dump(KMeans(k, n_init=1, max_iter=5, random_state=seed).fit(frames), path)
