"""What there is to run on, as a profile says: jobs and GPUs at once, attempts, partitions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional


@dataclass(frozen=True)
class Means:
    """Means of a run."""

    places: int  # jobs at once
    gpus: Optional[int] = None  # at once; None: no limit
    attempts: int = 1
    slurm: bool = False
    partitions: Optional[Path] = None  # table of them


def read_profile(folder: Path, profile: str) -> Dict[str, Any]:
    """Settings of a profile, looked for as Snakemake does; none where there is none."""
    import yaml

    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "snakemake")
    for place in (folder / profile, home / profile) if profile else ():
        path = place / "config.yaml"
        if path.is_file():
            return yaml.safe_load(path.read_text("utf-8")) or {}
    return {}


def means_of(profile: Dict[str, Any], folder: Path, jobs: Optional[int], gpus: Optional[int]) -> Means:
    """Means of a profile; ``jobs`` and ``gpus`` replace what it says."""
    table = profile.get("slurm-partition-config") or os.environ.get("SNAKEMAKE_SLURM_PARTITIONS")
    limited = profile.get("resources") or {}
    if isinstance(limited, (list, str)):  # as on the command line: "gpu=8 mem_mb=1000"
        pairs = limited.split() if isinstance(limited, str) else limited
        limited = dict(str(pair).split("=", 1) for pair in pairs)
    said = profile.get("jobs") or profile.get("cores")
    return Means(
        places=jobs or (int(said) if str(said).isdigit() else os.cpu_count() or 1),
        gpus=gpus if gpus is not None else int(limited["gpu"]) if "gpu" in limited else None,
        attempts=1 + int(profile.get("retries") or profile.get("restart-times") or 0),
        slurm=profile.get("executor") == "slurm",
        partitions=folder / table if table else None,
    )
