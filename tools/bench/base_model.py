#!/usr/bin/env python3
"""A model of base size (12 blocks of 768) with random weights, as a checkpoint that encoders read.

fairseq's own classes make it where they are installed: HuBERT base, positional convolution with
weight norm (which fairseq 0.12.2 also reads back). Else transformers' do, and this file is run
to write a folder of theirs.

Example
    .venv-test/bin/python tools/bench/base_model.py folder/
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
from amela.checkpoints.receipt import Receipt, make_receipt

FAIRSEQ_MODEL = "hubert-base"  # of tests/oracles/fairseq_models.py
LAYER = 12  # the last: all blocks are computed
HOP, DIMENSION = 0.02, 768


@dataclass(frozen=True)
class BaseModel:
    """A checkpoint and the settings of its encoder."""

    spec: Dict[str, Any]
    receipt: Receipt
    made_by: str


def make_base_model(folder: Path, fairseq: Optional[Path], clip: Path) -> BaseModel:
    """Make it in another process; ``fairseq``: interpreter that has it; ``clip``: some speech for it to try."""
    if fairseq is not None:
        oracle = ROOT / "tests" / "oracles" / "fairseq_models.py"
        command = [str(fairseq), str(oracle), str(folder), "--models", FAIRSEQ_MODEL, "--wav", str(clip)]
        files, backend, made_by = [folder / f"{FAIRSEQ_MODEL}.pt"], "fairseq", "fairseq"
    else:
        command = [sys.executable, __file__, str(folder)]
        files = [folder / name for name in ("config.json", "preprocessor_config.json", "model.safetensors")]
        backend, made_by = "hf", "transformers"
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"error: no model was made:\n{done.stdout}")
    spec = {"backend": backend, "layer": LAYER, "residual": "stream", "normalize": "none"}
    return BaseModel(spec, make_receipt("random", files), made_by)


def gain(name: str) -> float:
    """Sharp attention and narrow branches: else frames grow alike from block to block, until all are one."""
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        return 2.0
    return 0.15 if name.endswith(("out_proj.weight", "output_dense.weight")) else 1.0


def write_transformers_model(folder: Path) -> None:
    """HuBERT base as transformers keeps it, random in every weight."""
    import torch
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    torch.manual_seed(0)
    model = HubertModel(HubertConfig(mask_time_prob=0.0))
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn_like(value)
            if value.dim() == 1:
                value.copy_(0.2 * noise + (1.0 if name.endswith("weight") else 0.0))
            elif "parametrizations" not in name:  # of the positional convolution's weight norm
                value.copy_(noise * gain(name) * (2.0 / value[0].numel()) ** 0.5)
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(folder)


if __name__ == "__main__":
    write_transformers_model(Path(sys.argv[1]))
