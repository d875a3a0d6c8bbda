"""A vocoder with weights from elsewhere: whose units it speaks, in which voice, for how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

from amela.audio import SAMPLE_RATE
from amela.checkpoints.receipt import Receipt, check_made_for, read_receipt
from amela.encoders.frames import hop_samples
from amela.errors import AmelaError
from amela.units.codebook import Codebook, read_codebook
from amela.vocoder import Item, Origin
from amela.vocoder.durations import check_duration
from amela.vocoder.hifigan_checkpoint import CheckpointFiles, GeneratorConfig, files_of, index_of, read_config

NATURAL, PREDICTED = "natural", "predicted"
OTHER = "let the vocoder name the codebook that it was trained on, or choose another vocoder"


@dataclass(frozen=True)
class Pretrained:
    """Everything about a unit HiFi-GAN but its weights, checked against the codebook and the settings."""

    files: CheckpointFiles
    config: GeneratorConfig
    fingerprint: Dict[str, Any]  # of the codebook
    speaker: int
    style: int
    predicted: bool  # durations

    @property
    def hop(self) -> float:
        """Seconds a unit."""
        return self.config.hop_samples / SAMPLE_RATE

    def check(self, item: Item) -> None:
        """See ``amela.vocoder.Vocoder.check``."""
        check_duration(item, self.hop)


def pretrained(
    receipt_path: Path, origin: Origin, speaker: Optional[str], style: Optional[str], durations: str
) -> Pretrained:
    """Read and check what the checkpoint says of itself.

    Raises:
        AmelaError: it was trained on other units, knows no such speaker or style, or predicts no durations.
        DataError: files that are not what they should be.
    """
    receipt = read_receipt(receipt_path)
    files = files_of(receipt)
    config = read_config(files.config)
    codebook = read_codebook(origin.codebook)
    check_codebook(config, receipt, codebook, read_receipt(origin.receipt) if origin.receipt else None)
    if durations == PREDICTED and config.duration is None:
        raise AmelaError("this vocoder predicts no durations", receipt.name, f"set durations: {NATURAL}")
    return Pretrained(
        files,
        config,
        codebook.fingerprint,
        index_of("speaker", speaker, files.speakers, config.speakers),
        index_of("style", style, files.styles, config.styles),
        durations == PREDICTED,
    )


def check_codebook(
    config: GeneratorConfig, vocoder: Receipt, codebook: Codebook, imported: Optional[Receipt] = None
) -> None:
    """Raise AmelaError where the vocoder cannot have been trained on units of this codebook.

    Args:
        vocoder: its receipt; ``of`` has the quantisers that it was trained on, where that is known.
        imported: receipt of the codebook; None: it was fitted here.
    """
    if config.k != codebook.k:
        raise AmelaError(f"the vocoder knows {config.k} units, the codebook has {codebook.k}", vocoder.name, OTHER)
    hop = hop_samples(codebook.hop)
    if config.hop_samples != hop:
        raise AmelaError(
            f"a unit of the vocoder lasts {config.hop_samples} samples, one of the codebook {hop}", vocoder.name, OTHER
        )
    check_made_for(vocoder, imported, "trained on units", "codebook", "one fitted here")
