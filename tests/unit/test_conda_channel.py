"""The channel from which tests let conda make environments: its form, and that a Python of it runs wherever it lies."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile

import conda_channel
import pytest
from conda_channel import SUBDIR, CPython, add_python, copy_python, find_cpython
from runs import ROOT

VERSION = "3.11.99"
PYTHON, PIP = f"{SUBDIR}/python-{VERSION}-0.tar.bz2", "noarch/pip-1.2-0.tar.bz2"


@pytest.fixture
def prefix(tmp_path):
    """The files of a CPython, as far as a channel is concerned."""
    prefix = tmp_path / "where it was installed"
    library = prefix / "lib" / "python3.11"
    for folder in (prefix / "bin", prefix / "include" / "python3.11", library / "ensurepip" / "_bundled"):
        folder.mkdir(parents=True)
    (prefix / "bin" / "python3.11").write_bytes(f"\x7fELF\0{prefix}/lib\0{prefix}/lib/elsewhere\0end".encode())
    (prefix / "bin" / "python3.11").chmod(0o755)
    (prefix / "include" / "python3.11" / "Python.h").write_text("/* */")
    (prefix / "lib" / "libpython3.11.so.1.0").write_bytes(f"\x7fELF\0{prefix}\0".encode())
    (prefix / "lib" / "libpython3.11.so").symlink_to("libpython3.11.so.1.0")
    (library / "os.py").write_text("")
    (library / "_sysconfigdata.py").write_text(f"prefix = {str(prefix)!r}\n")
    for left_out in ("site-packages/numpy.py", "test/test_os.py", "__pycache__/os.pyc", "config-3.11/Makefile"):
        (library / left_out).parent.mkdir()
        (library / left_out).write_text("")
    with zipfile.ZipFile(library / "ensurepip" / "_bundled" / "pip-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pip/__main__.py", "")
        wheel.writestr("pip-1.2.dist-info/METADATA", "Name: pip\n")
    return prefix


@pytest.fixture
def channel(prefix, tmp_path):
    channel = tmp_path / "channels" / "conda-forge"
    add_python(channel, CPython(VERSION, prefix))
    return channel


def unpacked(package):
    """Members of a package → their content; of links, where they lead to."""
    with tarfile.open(package) as archive:
        return {
            member.name: member.linkname if member.issym() else archive.extractfile(member).read()
            for member in archive.getmembers()
        }


def test_the_index_says_what_packages_say(channel):
    assert sorted(str(path.relative_to(channel)) for path in channel.rglob("*.*")) == sorted(
        [PYTHON, PIP, f"{SUBDIR}/repodata.json", "noarch/repodata.json"]
    )
    for name in (PYTHON, PIP):
        path = channel / name
        repodata = json.loads((path.parent / "repodata.json").read_text())
        assert repodata["info"] == {"subdir": path.parent.name}
        record = repodata["packages"][path.name]
        assert (record.pop("size"), record.pop("sha256"), record.pop("md5")) == (
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            hashlib.md5(path.read_bytes()).hexdigest(),
        )
        assert record == json.loads(unpacked(path)["info/index.json"])
        assert path.name == f"{record['name']}-{record['version']}-{record['build']}.tar.bz2"
        assert record["subdir"] == path.parent.name


@pytest.mark.parametrize("name", [PYTHON, PIP])
def test_a_package_lists_its_files(channel, name):
    members = unpacked(channel / name)
    files = [member for member in members if not member.startswith("info/")]
    assert members["info/files"].decode().splitlines() == files
    paths = json.loads(members["info/paths.json"])
    assert paths["paths_version"] == 1
    assert [entry["_path"] for entry in paths["paths"]] == files
    for entry in paths["paths"]:
        if entry["path_type"] == "hardlink":
            content = members[entry["_path"]]
            assert (entry["sha256"], entry["size_in_bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
        else:
            assert (entry["path_type"], type(members[entry["_path"]])) == ("softlink", str)


def test_python_has_what_an_environment_needs(channel):
    members = unpacked(channel / PYTHON)
    assert sorted(name for name in members if not name.startswith("info/")) == [
        "bin/python",
        "bin/python3",
        "bin/python3.11",
        "include/python3.11/Python.h",
        "lib/libpython3.11.so",
        "lib/libpython3.11.so.1.0",
        "lib/python3.11/_sysconfigdata.py",
        "lib/python3.11/ensurepip/_bundled/pip-1.2-py3-none-any.whl",
        "lib/python3.11/os.py",
    ]
    assert members["bin/python"] == "python3.11" and members["lib/libpython3.11.so"] == "libpython3.11.so.1.0"


def test_conda_is_told_which_texts_name_the_old_prefix(channel, prefix):
    paths = json.loads(unpacked(channel / PYTHON)["info/paths.json"])["paths"]
    told = [entry for entry in paths if "prefix_placeholder" in entry]
    assert [(entry["_path"], entry["prefix_placeholder"], entry["file_mode"]) for entry in told] == [
        ("lib/python3.11/_sysconfigdata.py", str(prefix), "text")
    ]


def test_the_program_looks_for_its_library_beside_itself(channel, prefix):
    before, after = (prefix / "bin/python3.11").read_bytes(), unpacked(channel / PYTHON)["bin/python3.11"]
    assert len(after) == len(before)
    parts = [part for part in after.split(b"\0") if part]
    assert parts == [b"\x7fELF", b"$ORIGIN/../lib", f"{prefix}/lib/elsewhere".encode(), b"end"]


def test_pip_is_a_package_of_every_platform_with_its_command(channel):
    members = unpacked(channel / PIP)
    assert {"site-packages/pip/__main__.py", "site-packages/pip-1.2.dist-info/METADATA"} < set(members)
    index, link = (json.loads(members[f"info/{name}.json"]) for name in ("index", "link"))
    assert (index["noarch"], index["depends"]) == ("python", ["python"])
    assert link["noarch"] == {"type": "python", "entry_points": ["pip = pip._internal.cli.main:main"]}


def test_a_python_runs_wherever_it_lies(tmp_path):
    found = find_cpython("3.11")
    if found is None:
        pytest.skip("no CPython 3.11 that has a prefix of its own")
    copy_python(found, tmp_path / "elsewhere")
    asked = "import ctypes, hashlib, ssl, sys, venv, zlib; print(sys.prefix); print(open('/proc/self/maps').read())"
    said = subprocess.run(
        [tmp_path / "elsewhere" / "bin" / "python", "-I", "-B", "-c", asked], capture_output=True, text=True, check=True
    ).stdout
    first, *maps = said.splitlines()
    assert first == str(tmp_path / "elsewhere")
    assert any(str(tmp_path / "elsewhere") in line for line in maps)
    assert str(found.prefix) not in said


def test_a_cpython_with_a_prefix_of_its_own_is_found(tmp_path, monkeypatch):
    (tmp_path / "conda" / "conda-meta").mkdir(parents=True)  # whose Python needs other packages of conda
    says = {
        "a-shim": "exit 1",
        "of-the-system": "echo 3.11.2 /usr",
        "of-conda": f"echo 3.11.3 {tmp_path}/conda",
        "another-version": f"echo 3.12.1 {tmp_path}",
        "right": f"echo 3.11.4 '{tmp_path}/its own'",
    }
    for name, line in says.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(conda_channel, "candidates", lambda version: [tmp_path / name for name in says])
    assert find_cpython("3.11") == CPython("3.11.4", tmp_path / "its own")
    del says["right"]
    assert find_cpython("3.11") is None


def test_the_stand_in_is_no_conda():
    stand_in = ROOT / "tools" / "without_conda" / "bin"
    variables = {
        **os.environ,
        "PATH": f"{stand_in}{os.pathsep}{os.environ['PATH']}",
        "WITHOUT_CONDA_PYTHON": sys.executable,
    }
    answers = [
        subprocess.run(command, env=variables, capture_output=True, check=False).returncode
        for command in (["sh", "-c", "conda --version"], [ROOT / "tools" / "has-conda"])
    ]
    assert answers == [0, 1]
