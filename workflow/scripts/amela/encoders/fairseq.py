"""Encoder from a checkpoint of fairseq: HuBERT and wav2vec 2.0 as they were published in 2020 and 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import HubertModel

from amela.encoders.fairseq_checkpoint import FairseqCheckpoint, read_checkpoint
from amela.encoders.fairseq_names import configuration, normalizes, projects, renamed
from amela.encoders.transformer import TransformerEncoder

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt

EPSILON = 1e-5  # of fairseq's waveform normalisation, which is torch's layer norm over the utterance


def build_model(checkpoint: FairseqCheckpoint) -> HubertModel:
    """The network of a checkpoint, every weight of it from there.

    It is laid out without memory first, so that a weight that was not loaded would have no value at all.

    Raises:
        DataError: the settings and the tensors do not agree; the setting or the key is named.
    """
    config = configuration(checkpoint)
    with torch.device("meta"):
        model = HubertModel(config)
    if not projects(config):
        model.feature_projection.projection = nn.Identity()
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    model.load_state_dict(renamed(checkpoint, config, shapes), strict=True, assign=True)
    return model.eval()


class FairseqEncoder(TransformerEncoder):
    """Features of a layer of a fairseq checkpoint; waveforms are normalised if its task did so."""

    def __init__(self, checkpoint: Receipt, layer: int, residual: str = "stream", **options: Any) -> None:
        """See ``TransformerEncoder``, which takes the other ``options``.

        Raises:
            DataError: the checkpoint cannot be read as it is meant.
        """
        read = read_checkpoint(checkpoint.only_file())
        epsilon, model = EPSILON if normalizes(read) else None, build_model(read)
        del read  # whose tensors the network is about to copy one by one
        super().__init__(model, layer, residual, epsilon, **options)
