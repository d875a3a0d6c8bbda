"""Find a Python interpreter of a given version: on PATH, below pyenv, or managed by uv."""

from __future__ import annotations

import glob
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Optional, Tuple

NEWEST = 13  # minor version of the newest Python 3 that the pinned packages have wheels for
ASK = "import sys, venv; print('%d.%d' % sys.version_info[:2])"


def candidates(version: str) -> Iterator[Path]:
    """Existing ``python<version>`` executables, likeliest first; some may be broken."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders.append(Path(sys.base_prefix, "bin"))
    pyenvs = [folder.parent for folder in folders if folder.name == "shims"]
    pyenvs.append(Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser())
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or "~/.local/share/uv/python").expanduser()
    for managed in (*(str(pyenv / "versions") for pyenv in pyenvs), str(uv)):
        folders += [Path(folder) for folder in sorted(glob.glob(f"{glob.escape(managed)}/*/bin"))]
    for folder in dict.fromkeys(folders):
        if os.access(folder / f"python{version}", os.X_OK):
            yield folder / f"python{version}"


def works(python: Path, version: str) -> bool:
    """Whether ``python`` runs, is of ``version`` and can make virtualenvs; a pyenv shim may not."""
    try:
        answer = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def find_interpreter(version: str) -> Optional[Tuple[str, Path]]:
    """The interpreter of ``version``, else of the nearest newer minor version up to 3.13.

    Returns:
        its version (``"3.12"``) and path; None if there is none.
    """
    minor = int(version.partition(".")[2])
    for newer in (version, *(f"3.{other}" for other in range(minor + 1, NEWEST + 1))):
        for python in candidates(newer):
            if works(python, newer):
                return newer, python
    return None
