"""A conda channel in a folder, made of the CPythons of this machine: what workflow/envs ask of conda-forge.

Its packages have conda's older form (.tar.bz2), which every conda reads and the standard library writes.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import pytest
from interpreters import candidates
from runs import ROOT

CHANNEL = "conda-forge"  # the name that the environments ask for
PYTHON = "3.11"  # that all environments but encode-textless ask for
SUBDIR = f"linux-{'64' if platform.machine() == 'x86_64' else platform.machine()}"
LEFT_OUT = ("site-packages", "__pycache__", "test", "tests", "idlelib", "config-*", "*.a")
HAS_CONDA = subprocess.run([ROOT / "tools" / "has-conda"], capture_output=True, check=False).returncode == 0
NEEDS_CONDA = pytest.mark.skipif(
    sys.platform != "linux" or not HAS_CONDA, reason="no conda 24.7.1 or newer on PATH, or not on Linux"
)
RAN_IN = re.compile(r"python \S+ in (.*)$", re.MULTILINE)  # how a stage's log begins
ASK = "import platform, sys; print(platform.python_version(), sys.base_prefix)"


class CPython(NamedTuple):
    """An installation that has a prefix of its own and can be taken elsewhere."""

    version: str
    prefix: Path

    @property
    def short(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def library(self) -> Path:
        return self.prefix / "lib" / f"python{self.short}"


class ByConda:
    """A clone whose runs take their environments from conda, not from tools/without-conda (comes before Clone)."""

    settings: Dict[str, str]

    def command(self, *arguments: str) -> List[str]:
        return super().command(*arguments)[1:]

    def environment(self) -> Dict[str, str]:
        return {**super().environment(), **self.settings}

    def assert_stages_ran_in_environments_of_conda(self, count: int) -> None:
        """So say all logs there are, and the environments themselves."""
        logs = [path.read_text("utf-8") for path in (self.folder / "logs").rglob("*.log")]
        prefixes = {Path(RAN_IN.search(log)[1]) for log in logs}
        assert len(prefixes) == count
        for prefix in prefixes:
            assert prefix.parent == Path(self.settings["SNAKEMAKE_CONDA_PREFIX"])
            assert list(prefix.glob("conda-meta/python-3.*.json"))


def conda_settings(folder: Path) -> Dict[str, str]:
    """Variables by which conda and Snakemake know the new channel and keep everything below ``folder``.

    Skips the test where there is no CPython to make the channel of.
    """
    found = find_cpython(PYTHON)
    if found is None:
        pytest.skip(f"no CPython {PYTHON} that has a prefix of its own")
    add_python(folder / "channels" / CHANNEL, found)
    return {
        "CONDA_CHANNEL_ALIAS": (folder / "channels").as_uri(),
        "CONDA_CHANNELS": CHANNEL,  # in place of the defaults, which are on the network
        "CONDA_OFFLINE": "true",  # file: alone
        "CONDA_PKGS_DIRS": str(folder / "packages"),
        "SNAKEMAKE_CONDA_PREFIX": str(folder / "environments"),
    }


def find_cpython(version: str) -> Optional[CPython]:
    """The first CPython of a version (``3.11``) that is neither the system's, whose files are spread, nor conda's."""
    for python in candidates(version):
        done = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=False)
        if done.returncode == 0:  # some are shims without a version behind them
            full, _, prefix = done.stdout.strip().partition(" ")
            found = CPython(full, Path(prefix))
            shared = prefix == "/usr" or (found.prefix / "conda-meta").exists()
            if found.short == version and not shared:
                return found
    return None


def add_python(channel: Path, found: CPython) -> None:
    """Add packages of this CPython and of the pip that it brings to a channel, and write its index again."""
    tree = channel.with_name("tree")
    copy_python(found, tree)
    index = {"name": "python", "version": found.version, "depends": [], "subdir": SUBDIR}
    write_package(channel, tree, index, placeholder=str(found.prefix))
    shutil.rmtree(tree)

    (wheel,) = (found.library / "ensurepip" / "_bundled").glob("pip-*.whl")
    zipfile.ZipFile(wheel).extractall(tree / "site-packages")
    index = {"name": "pip", "version": wheel.name.split("-")[1], "depends": ["python"], "subdir": "noarch"}
    commands = {"type": "python", "entry_points": ["pip = pip._internal.cli.main:main"]}
    write_package(channel, tree, {**index, "noarch": "python"}, link={"noarch": commands})
    shutil.rmtree(tree)

    write_index(channel)


def copy_python(found: CPython, tree: Path) -> None:
    """Program, libraries and headers of a CPython; without tests and installed packages."""
    name = f"python{found.short}"
    shutil.copytree(found.library, tree / "lib" / name, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(found.prefix / "include" / name, tree / "include" / name)
    for library in found.prefix.glob("lib/libpython*.so*"):
        shutil.copy2(library, tree / "lib", follow_symlinks=False)
    program = tree / "bin" / name
    program.parent.mkdir()
    content = (found.prefix / "bin" / name).read_bytes()
    old, new = f"{found.prefix}/lib\0".encode(), b"$ORIGIN/../lib\0"  # where it looks for libpython
    if len(new) <= len(old):  # in place of a shorter path it would run over what follows
        content = content.replace(old, new.ljust(len(old), b"\0"))
    program.write_bytes(content)
    program.chmod(0o755)
    for alias in ("python", "python3"):
        (program.parent / alias).symlink_to(name)


def write_package(
    channel: Path, tree: Path, index: dict, placeholder: Optional[str] = None, link: Optional[dict] = None
) -> Path:
    """Pack a folder as the conda package that ``index`` describes (info/index.json).

    Args:
        placeholder: prefix that conda replaces, in files of text, by that of the environment.
        link: info/link.json, for Python's packages of every platform.
    """
    index = {**index, "build": "0", "build_number": 0}
    files = sorted(path for path in tree.rglob("*") if path.is_symlink() or path.is_file())
    info = {
        "index.json": json.dumps(index),
        "files": "".join(f"{path.relative_to(tree)}\n" for path in files),
        "paths.json": json.dumps({"paths": [_entry(path, tree, placeholder) for path in files], "paths_version": 1}),
    }
    if link:
        info["link.json"] = json.dumps({**link, "package_metadata_version": 1})
    target = channel / index["subdir"] / f"{index['name']}-{index['version']}-{index['build']}.tar.bz2"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:bz2", compresslevel=1) as archive:
        for name, text in info.items():
            member = tarfile.TarInfo(f"info/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for path in files:
            archive.add(path, path.relative_to(tree))
    return target


def _entry(path: Path, tree: Path, placeholder: Optional[str]) -> dict:
    """What info/paths.json says of a file; of a symbolic link, the digest is that of the file it leads to."""
    content = path.read_bytes()
    entry = {
        "_path": str(path.relative_to(tree)),
        "path_type": "softlink" if path.is_symlink() else "hardlink",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_in_bytes": len(content),
    }
    if placeholder and not path.is_symlink() and b"\0" not in content and placeholder.encode() in content:
        entry.update(prefix_placeholder=placeholder, file_mode="text")
    return entry


def write_index(channel: Path) -> None:
    """repodata.json of a channel: what its packages say of themselves, with their digests."""
    for subdir in (SUBDIR, "noarch"):
        packages = {}
        for path in sorted((channel / subdir).glob("*.tar.bz2")):
            with tarfile.open(path) as archive:
                index = json.load(archive.extractfile("info/index.json"))
            content = path.read_bytes()
            digests = {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha256")}
            packages[path.name] = {**index, **digests, "size": len(content)}
        repodata = {"info": {"subdir": subdir}, "packages": packages, "packages.conda": {}, "repodata_version": 1}
        (channel / subdir / "repodata.json").write_text(json.dumps(repodata), encoding="utf-8")
