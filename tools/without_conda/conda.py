"""Answer the few ``conda`` calls that Snakemake makes, with virtualenvs in place of environments.

``tools/without-conda`` puts this, as ``conda``, on PATH. It realises the same environment files:
``python=X.Y`` and the ``pip`` block become a virtualenv; any other conda package must be on PATH.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import List, Sequence

try:
    from environment_file import Refused, read_environment
except ModuleNotFoundError as error:
    sys.exit(f"error: {sys.executable} has no {error.name} — call the snakemake of a virtualenv that has Snakemake")
from installer import install
from interpreters import NEWEST, find_interpreter

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE.parents[1] / "workflow" / "envs"
VERSION = "24.7.1"  # the oldest conda that Snakemake accepts
WHOLE = "virtualenv.txt"  # written last; Snakemake tells a killed build by its own mark, activate by this one


def create(file: Path, prefix: Path) -> None:
    """Make the environment of ``file`` at ``prefix``, whole or not at all."""
    asked = read_environment(file)
    found = find_interpreter(asked.python)
    if found is None:
        raise Refused(f"{file}: needs Python {asked.python} — found none, and no newer one up to 3.{NEWEST}")
    if prefix.exists():
        raise Refused(f"{prefix} exists already — delete it first")
    version, interpreter = found
    try:
        subprocess.run([interpreter, "-m", "venv", "--without-pip", prefix], check=True)
        install(prefix / "bin" / "python", asked.requirements)
        (prefix / WHOLE).write_text(f"python {version} from {interpreter}\n", "utf-8")
    except BaseException:  # also when the run is ended: nothing half-made stays
        shutil.rmtree(prefix, ignore_errors=True)
        raise


def notes() -> List[str]:
    """A line for each Python version that the environments ask for and a newer one stands in for."""
    asked = set()
    for path in ENVIRONMENTS.glob("*.yaml"):
        try:
            asked.add(read_environment(path).python)
        except Refused:
            continue  # said when, and if, this environment is made
    found = {version: find_interpreter(version) for version in sorted(asked)}
    return [
        f"no Python {version} here; environments that ask for it get Python {other[0]} ({other[1]})"
        for version, other in found.items()
        if other and other[0] != version
    ]


def create_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("conda env create", allow_abbrev=False)
    parser.add_argument("-f", "--file", type=Path, required=True)
    parser.add_argument("-p", "--prefix", type=Path, required=True)
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("--no-default-packages", action="store_true")
    return parser.parse_args(arguments)


def answer(arguments: List[str]) -> None:
    """What conda would answer to ``conda ARGUMENTS``."""
    if arguments == ["--version"]:
        print(f"conda {VERSION}")
    elif arguments == ["info", "--json"]:  # Snakemake writes this prefix into commands as it is: quoted here
        machine = "osx-" if sys.platform == "darwin" else "linux-"
        machine += "64" if platform.machine() == "x86_64" else platform.machine()
        print(json.dumps({"conda_prefix": shlex.quote(str(HERE)), "platform": machine}))
    elif arguments[:2] == ["config", "--get"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[:2] == ["env", "create"]:
        asked = create_arguments(arguments[2:])
        create(asked.file, asked.prefix)
    elif arguments[:1] == ["clean"]:
        pass  # what conda downloaded; virtualenvs leave nothing of the kind
    elif arguments == ["notes"]:  # tools/without-conda asks; conda has no such command
        for note in notes():
            print(f"without-conda: {note}", file=sys.stderr)
    else:
        raise Refused(f"no stand-in for: conda {shlex.join(arguments)}")


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        answer(sys.argv[1:])
    except Refused as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: failed with status {error.returncode}: {shlex.join(map(str, error.cmd))}")


if __name__ == "__main__":
    main()
