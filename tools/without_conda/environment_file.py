"""Read workflow/envs/*.yaml: what an environment asks for, in terms of a virtualenv."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import List, NamedTuple

import yaml

PIP = "pip==25.3"  # where a file asks for pip alone; the newest that runs on Python 3.9
DEPENDENCY = re.compile(r"(?:[\w.-]+::)?([\w.-]+)\s*(.*)")
PYTHON = re.compile(r"={1,2}(\d+\.\d+)(?:\.\*|\.\d+)?$")
PINNED = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w,.-]+\])?==[\w.!+-]+(?:\s*;.+)?$")


class Refused(Exception):
    """The environment cannot be made; the message says why and what to do."""


class Specification(NamedTuple):
    python: str  # "3.11"
    requirements: List[str]  # pip itself, then the pip block


def read_environment(path: Path) -> Specification:
    """What the environment file ``path`` asks for.

    Raises:
        Refused: no python=X.Y, a pip requirement without an exact pin, or a conda package
            that is no part of a virtualenv and whose command is not on PATH.
    """
    python, pip, missing = None, PIP, []
    requirements: List[str] = []
    for dependency in yaml.safe_load(path.read_text("utf-8"))["dependencies"]:
        if isinstance(dependency, dict):
            requirements += dependency.get("pip") or []
            continue
        name, version = DEPENDENCY.match(dependency).groups()
        version = version.replace(" ", "")
        if name == "python":
            match = PYTHON.match(version)
            python = match and match[1]
        elif name == "pip":
            pip = f"pip{re.sub('^=(?!=)', '==', version)}" if version else PIP
        elif shutil.which(name) is None:
            missing.append(dependency)
    if python is None:
        raise Refused(f"{path}: needs a dependency python=X.Y")
    if missing:
        raise Refused(f"{path}: needs {', '.join(missing)} — without conda, install it first, so that it is on PATH")
    loose = [requirement for requirement in requirements if not PINNED.match(requirement)]
    if loose:
        raise Refused(f"{path}: pin exactly, as name==version: {', '.join(loose)}")
    return Specification(python, [pip, *requirements])
