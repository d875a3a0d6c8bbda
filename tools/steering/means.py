"""What there is to run on, as a profile says: jobs and GPUs at once, attempts, partitions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from .run_log import Run


@dataclass(frozen=True)
class Means:
    """Means of a run."""

    places: int  # jobs at once
    gpus: Optional[int] = None  # at once; None: no limit
    attempts: int = 1
    slurm: bool = False
    partitions: Optional[Path] = None  # table of them
    account: str = ""  # of SLURM


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
    limited = as_mapping(profile.get("resources"))
    said = profile.get("jobs") or profile.get("cores")
    return Means(
        places=jobs or (int(said) if str(said).isdigit() else os.cpu_count() or 1),
        gpus=gpus if gpus is not None else int(limited["gpu"]) if "gpu" in limited else None,
        attempts=1 + int(profile.get("retries") or profile.get("restart-times") or 0),
        slurm=profile.get("executor") == "slurm",
        partitions=folder / table if table else None,
        account=str(as_mapping(profile.get("default-resources")).get("slurm_account", "")),
    )


def at_once(
    folder: Path, profile: str, newest: Optional[Run], jobs: Optional[int], gpus: Optional[int]
) -> Tuple[Optional[int], Optional[int]]:
    """Jobs and GPUs at once that status counts on; None: as in the newest run, which had the same profile."""
    if newest is not None and profile == newest.profile:
        return jobs, gpus
    means = means_of(read_profile(folder, profile), folder, jobs, gpus)
    return means.places, means.gpus


def as_mapping(resources: Any) -> Dict[str, Any]:
    """Resources of a profile, also where they are written as on the command line: ``gpu=8 mem_mb=1000``."""
    if isinstance(resources, (list, str)):
        pairs = resources.split() if isinstance(resources, str) else resources
        return dict(str(pair).partition("=")[::2] for pair in pairs)
    return resources or {}
