"""What was found out about source files, kept between starts: Snakemake starts twice for every job of a cluster.

Standard library only: the Snakefile imports this module.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Dict, NamedTuple, Optional, Tuple

MOST = 2_000  # sources; the oldest go first


class Module(NamedTuple):
    """What counts of a module."""

    shape: str  # digest of its syntax tree
    imports: Tuple[str, ...]


class Remembered:
    """Modules by the digest of their source. A file that is missing, broken or of another version is as an empty one.

    Args:
        version: of the code that finds out.
    """

    def __init__(self, path: Path, version: str) -> None:
        self.path = path
        self.version = version
        self._modules: Dict[str, list] = {}
        self._changed = False
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads(path.read_text("utf-8"))
            if content["version"] == version:
                self._modules = dict(content["modules"])

    def get(self, source: str) -> Optional[Module]:
        """The module whose source has this digest, if it is known."""
        with suppress(KeyError, ValueError, TypeError):
            shape, imports = self._modules[source]
            return Module(shape, tuple(imports))
        return None

    def put(self, source: str, module: Module) -> None:
        """Keep a module; it is written when this process ends."""
        self._modules[source] = list(module)
        if not self._changed:
            self._changed = True
            atexit.register(self.save)

    def save(self) -> None:
        """Write the file whole, or not at all where there is no room for it or no right to."""
        modules = dict(list(self._modules.items())[-MOST:])
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
            part.write_text(json.dumps({"version": self.version, "modules": modules}), encoding="utf-8")
            os.replace(part, self.path)


@cache
def remembered_modules() -> Remembered:
    """Those in the user's cache."""
    folder = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    finder = Path(__file__).resolve().parents[1].joinpath("provenance.py").read_bytes()
    return Remembered(Path(folder, "amela", "modules.json"), hashlib.sha256(finder).hexdigest())
