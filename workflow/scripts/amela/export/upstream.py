"""A folder that s3prl loads as an upstream.

Standard library only: what runs in s3prl's environment is ``amela.export.s3prl_expert``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from string import Template
from typing import Any, Dict, Mapping, Optional

SCRIPTS = Path(__file__).resolve().parents[2]

EXPERT = '''"""Upstream of s3prl: an encoder of AMELA. README.md tells how to use it."""

import json
import sys
from pathlib import Path

SETTINGS = Path(__file__).resolve().with_name("settings.json")
SCRIPTS = str((SETTINGS.parent / json.loads(SETTINGS.read_text("utf-8"))["scripts"]).resolve())
sys.path.insert(0, SCRIPTS)
try:
    from amela.export.s3prl_expert import UpstreamExpert as _UpstreamExpert
finally:
    sys.path.remove(SCRIPTS)  # else the scripts beside the package could be taken for modules of others


class UpstreamExpert(_UpstreamExpert):
    """The encoder of settings.json."""

    def __init__(self, ckpt=None, model_config=None, **kwargs):
        super().__init__(SETTINGS, **kwargs)
'''

HUBCONF = '''"""Entry point for s3prl.hub and torch.hub."""

try:
    from .expert import UpstreamExpert as _UpstreamExpert
except ImportError:  # loaded as a file of its own
    from expert import UpstreamExpert as _UpstreamExpert


def $entry(*args, **kwargs):
    """The encoder of settings.json, whatever the arguments."""
    return _UpstreamExpert(*args, **kwargs)
'''

README = """# $entry: an encoder of AMELA as an upstream of s3prl

Features of the encoder in `settings.json`: one hidden state, $normalised. It is frozen: gradients end at the features.

s3prl's environment needs torch, numpy and soundfile, and what `workflow/envs/$environment.yaml` lists.
The folder refers to the clone of AMELA that made it, and to the weights, where they are.

In Python:

    import torch
    upstream = torch.hub.load("$folder", "$entry", source="local", trust_repo=True)

With `s3prl.nn.S3PRLUpstream("$entry")`:

    from s3prl import hub
    hub.$entry = lambda **options: upstream

With `run_downstream.py -u $entry`, in a clone of s3prl:

    ln -s "$folder" s3prl/upstream/$entry
    echo "from s3prl.upstream.$entry.hubconf import *" >> s3prl/hub.py
"""


def entry_name(export: str) -> str:
    """How s3prl calls it: a name of Python."""
    return f"amela_{export.replace('-', '_')}"


def write_upstream(
    folder: Path, final: Path, export: str, encoder: Mapping[str, Any], checkpoint: Optional[Path], environment: str
) -> None:
    """Write expert.py, hubconf.py, __init__.py, settings.json and README.md.

    Args:
        folder: to write into.
        final: where it will lie; paths are relative to it, so that a clone can be moved as a whole.
        export: name of the export.
        encoder: its settings.
        checkpoint: receipt of its weights, if it has any.
        environment: stem of the YAML that lists what it needs.
    """

    def relative(path: Path) -> str:
        return os.path.relpath(path.resolve(), final.resolve())

    settings: Dict[str, Any] = {
        "encoder": dict(encoder),
        "checkpoint": relative(checkpoint) if checkpoint else None,
        "scripts": relative(SCRIPTS),
    }
    by = encoder.get("normalize", "none")
    without = f"not normalised by {by}, for which s3prl has no corpus"
    words = {
        "entry": entry_name(export),
        "environment": environment,
        "folder": final.resolve(),
        "normalised": "as the encoder gives it" if by == "none" else without,
    }
    (folder / "settings.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "__init__.py").touch()
    (folder / "expert.py").write_text(EXPERT, encoding="utf-8")
    (folder / "hubconf.py").write_text(Template(HUBCONF).substitute(words), encoding="utf-8")
    (folder / "README.md").write_text(Template(README).substitute(words), encoding="utf-8")
