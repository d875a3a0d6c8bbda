"""Which environment a stage runs in, and whether it is the one that its rule asked for.

Activation can fail without a word (``source activate X; command`` goes on in the host
Python), so every stage compares what is installed with the pins of its environment file.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Dict, Optional

from amela.errors import AmelaError

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "envs"
PIN = re.compile(r"^\s*-\s*([A-Za-z0-9][\w.-]*)(?:\[[\w,.-]+\])?==([\w.!+-]+)\s*(?:#.*)?$")

logger = logging.getLogger("environment")


def read_pins(path: Path) -> Dict[str, str]:
    """Package → exact version, from the ``pip:`` block of an environment file."""
    matches = (PIN.match(line) for line in path.read_text("utf-8").splitlines())
    return {match[1]: match[2] for match in matches if match}


def installed_version(package: str) -> Optional[str]:
    """Version without its local part (``2.13.0+cpu`` → ``2.13.0``); None if not installed."""
    try:
        return metadata.version(package).partition("+")[0]
    except metadata.PackageNotFoundError:
        return None


def check_environment(name: Optional[str], folder: Path = ENVIRONMENTS) -> None:
    """Log ``sys.prefix``, the SLURM job, if any, and versions; refuse to run outside ``folder/name.yaml``.

    Args:
        name: environment that the rule asked for; None (a call by hand) only logs.
        folder: where the environment files are.

    Raises:
        AmelaError: the file is unknown, a pinned package is missing or has another
            version, or an activated prefix is not the prefix of this Python.
    """
    logger.info("python %s in %s", sys.version.split()[0], sys.prefix)
    if os.environ.get("SLURM_JOB_ID"):  # joins the benchmark with SLURM's accounting
        logger.info("slurm job %s on %s", os.environ["SLURM_JOB_ID"], os.environ.get("SLURMD_NODENAME", "unknown"))
    if name is None:
        return
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise AmelaError(f"unknown environment {name!r}", path)
    activated = [os.environ[key] for key in ("CONDA_PREFIX", "VIRTUAL_ENV") if os.environ.get(key)]
    if Path(sys.prefix).resolve() not in [Path(prefix).resolve() for prefix in activated]:
        raise AmelaError(
            f"this Python is not of environment {name!r}: it runs in {sys.prefix}, activated: {activated or 'none'}",
            path,
            "run through snakemake --sdm conda, or activate the environment first",
        )
    pins = read_pins(path)
    found = {package: installed_version(package) for package in pins}
    logger.info("environment %s: %s", name, " ".join(f"{p}={v}" for p, v in sorted(found.items())))
    wrong = [f"{p} {found[p] or 'missing'} (pinned {pins[p]})" for p in sorted(pins) if found[p] != pins[p]]
    if wrong:
        raise AmelaError(
            f"environment {name!r} is not what its file says: {', '.join(wrong)}",
            sys.prefix,
            "delete the environment, so that Snakemake makes it again",
        )
