"""Install packages into a virtualenv: with uv, which is several times faster, else with pip."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

SCOPES = ("global.", "install.", ":env:.")  # of pip's settings; later ones win
OPTIONS = {  # pip's setting → uv's option; pip takes several values in one, separated by white space
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
}


def pip_settings() -> Dict[str, str]:
    """What pip is configured for on this machine; empty where this Python has no pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.partition("=") for line in answer.stdout.splitlines()]
    return {
        key[len(scope) :]: ast.literal_eval(value)
        for scope in SCOPES
        for key, _, value in lines
        if key.startswith(scope)
    }


def default_index() -> str:
    """The index that pip asks where its settings name none."""
    ask = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False).stdout


def uv_options(settings: Mapping[str, str]) -> Tuple[List[str], Dict[str, str]]:
    """pip's settings as options and environment variables of uv, which does not read them."""
    options = ["--index-strategy", "unsafe-best-match"]  # as pip: the best version of any index
    # Of one version pip takes the best wheel of all indexes, uv that of the first: the fullest, pip's own, is first.
    indexes = (settings.get("index-url") or default_index()).split() + settings.get("extra-index-url", "").split()
    for index in indexes[:-1]:
        options += ["--index", index]
    for index in indexes[-1:]:  # uv's default is its last one
        options += ["--default-index", index]
    for key, option in OPTIONS.items():
        for value in settings.get(key, "").split():
            options += [option, value]
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        options.append("--no-index")
    variables = {"SSL_CERT_FILE": settings["cert"]} if "cert" in settings else {}
    return options, variables


def uv_command() -> Optional[str]:
    """uv beside this Python (where requirements/snakemake.txt puts it)."""
    return shutil.which("uv", path=str(Path(sys.executable).parent))


def install(python: Path, requirements: Sequence[str], *options: str) -> None:
    """Install ``requirements`` into the environment of ``python``.

    Should uv fail, pip tries, and has the last word: it is what conda itself would call.

    Args:
        options: of pip and uv alike, such as ``--no-deps``.

    Raises:
        subprocess.CalledProcessError: pip failed; it has said why.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text("".join(f"{requirement}\n" for requirement in requirements), "utf-8")
        arguments = [*options, "-r", str(listed)]
        uv = uv_command()
        if uv:
            found, variables = uv_options(pip_settings())
            command = [uv, "pip", "install", "--quiet", "--python", str(python), *found, *arguments]
            if subprocess.run(command, env={**variables, **os.environ}, check=False).returncode == 0:
                return
            print("without-conda: uv could not; trying pip", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-input"]
        subprocess.run([*command, "--no-compile", *arguments], check=True)


if __name__ == "__main__":  # PYTHON FILE: all of a requirements file
    lines = Path(sys.argv[2]).read_text("utf-8").splitlines()
    install(Path(sys.argv[1]), [line for line in lines if line and not line.startswith("#")])
