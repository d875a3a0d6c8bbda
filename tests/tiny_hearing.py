"""What the small recognisers learn by heart, and the spectrogram and encoder that they hear it with."""

from contextlib import contextmanager
from pathlib import Path

RATE = 16_000  # Hz
WIDTH = 64
DEMO = Path(__file__).resolve().parents[1] / "resources" / "demo"
CLIPS = [
    (DEMO / "anna" / "01.flac", "the baby is sleeping in the garden"),
    (DEMO / "ben" / "02.flac", "we are going to the kitchen"),
    (DEMO / "carla" / "03.flac", "good morning little rabbit"),
    (DEMO / "emil" / "02.flac", "look at the little baby"),
    (DEMO / "greta" / "07.flac", "where is the little rabbit"),
]
MODULES = "nemo.collections.asr.modules"


@contextmanager
def one_thread():
    """The same weights wherever they are learned."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def spectrogram(features):
    """Settings of a spectrogram with so many bands."""
    return {
        "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
        "sample_rate": RATE,
        "normalize": "per_feature",
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "features": features,
        "n_fft": 512,
        "log": True,
        "frame_splicing": 1,
        "dither": 1e-5,
        "pad_to": 0,
        "pad_value": 0.0,
    }


def conformer(features, **changes):
    """Settings of a FastConformer of two layers."""
    return {
        "_target_": f"{MODULES}.ConformerEncoder",
        "feat_in": features,
        "feat_out": -1,
        "n_layers": 2,
        "d_model": WIDTH,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": 16,
        "causal_downsampling": False,
        "ff_expansion_factor": 2,
        "self_attention_model": "rel_pos",
        "n_heads": 4,
        "att_context_size": [-1, -1],
        "xscaling": False,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 9,
        "conv_norm_type": "batch_norm",
        "dropout": 0.0,
        "dropout_pre_encoder": 0.0,
        "dropout_emb": 0.0,
        "dropout_att": 0.0,
        **changes,
    }
