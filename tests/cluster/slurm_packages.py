"""SLURM and what it needs, from Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = {
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "slurmdbd": "slurmdbd",
    "sbatch": "slurm-client",
    "munged": "munge",
    "mariadbd": "mariadb-server-core",
    "mariadb": "mariadb-client-core",
}
PLUGINS = ("slurm-wlm-basic-plugins", "slurm-wlm-mysql-plugin")


class NoCluster(Exception):
    """Why no cluster can be had on this machine."""


def install_packages() -> None:
    """SLURM and what it needs, from Debian; its daemons are not started as services.

    Raises NoCluster where that is impossible.
    """
    if os.geteuid() != 0:
        raise NoCluster("a SLURM cluster is started by root alone")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [package for command, package in PACKAGES.items() if not shutil.which(command, path=path)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise NoCluster(f"no {', '.join(missing)} here, and no apt-get to install them")
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
    try:
        said = ""
        for step in (["update"], ["install", "-y", "--no-install-recommends", *missing, *PLUGINS]):
            done = subprocess.run(
                ["apt-get", "-qq", *step],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            said = done.stderr
        if done.returncode != 0:
            raise NoCluster(f"apt-get cannot install {', '.join(missing)}: {said.strip()[-300:]}")
    finally:
        if ours:
            policy.unlink()
