"""tools/without-conda: the stand-in for conda, without the network."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import conda
import environment_file
import installer
import interpreters
import pytest
from environment_file import Refused, read_environment

TOOLS = Path(__file__).resolve().parents[3] / "tools"
ACTIVATE = TOOLS / "without_conda" / "bin" / "activate"
THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def environment(tmp_path):
    """Function (dependencies in YAML's flow style) → an environment file."""

    def write(dependencies):
        path = tmp_path / "things.yaml"
        path.write_text(f"name: things\nchannels: [conda-forge]\ndependencies: {dependencies}\n")
        return path

    return write


@pytest.mark.parametrize("python", ["python=3.11", "python=3.11.*", "python =3.11.4", "conda-forge::python==3.11"])
def test_an_environment_is_its_python_pip_and_the_pip_block(environment, python):
    asked = read_environment(environment(f"['{python}', pip, {{pip: [numpy==2.4.6, 'a[b]==1.0+cpu']}}]"))
    assert asked.python == "3.11"
    assert asked.requirements == [environment_file.PIP, "numpy==2.4.6", "a[b]==1.0+cpu"]


def test_a_version_of_pip_is_kept(environment):
    assert read_environment(environment("[python=3.9, pip=24.0]")).requirements == ["pip==24.0"]


@pytest.mark.parametrize(
    ("dependencies", "named"),
    [
        ("[pip]", "python=X.Y"),
        ("['python>=3.9']", "python=X.Y"),
        ("[python=3.11, pip, {pip: ['numpy>=2', scipy==1.17.1, torch]}]", r"exactly.*: numpy>=2, torch$"),
        ("[python=3.11, 'no-such-command=1.2', sh]", r"needs no-such-command=1\.2 —"),
    ],
)
def test_what_a_virtualenv_cannot_be_is_refused_by_name(environment, dependencies, named):
    with pytest.raises(Refused, match=named):
        read_environment(environment(dependencies))


@pytest.fixture
def pythons(monkeypatch, tmp_path):
    """Function (folder, version, what it does) → a stand-in for an interpreter; no other is found."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}:{tmp_path / 'bin'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "base"))
    return lambda folder, version, does="": executable(
        tmp_path / folder / f"python{version}", does or f"echo {version}"
    )


@pytest.mark.parametrize(
    "folder", ["bin", "pyenv/versions/3.11.7/bin", "versions/3.11.7/bin", "uv/cpython/bin", "base/bin"]
)
def test_an_interpreter_is_found_behind_broken_ones(pythons, folder):
    pythons("shims", "3.11", "echo no such version >&2; exit 127")
    pythons("shims", "3.12")
    working = pythons(folder, "3.11")
    assert interpreters.find_interpreter("3.11") == ("3.11", working)


def test_the_nearest_newer_interpreter_stands_in(pythons):
    pythons("bin", "3.10")
    pythons("bin", "3.11", "echo 3.10")  # is not what its name says
    pythons("bin", "3.13")
    twelve = pythons("bin", "3.12")
    assert interpreters.find_interpreter("3.11") == ("3.12", twelve)
    assert interpreters.find_interpreter("3.9")[0] == "3.10"


def test_an_older_or_too_new_interpreter_does_not_stand_in(pythons):
    pythons("bin", "3.9")
    pythons("bin", "3.14")
    assert interpreters.find_interpreter("3.11") is None


def test_notes_name_the_version_that_is_missing(pythons, environment, monkeypatch):
    twelve = pythons("bin", "3.12")
    monkeypatch.setattr(conda, "ENVIRONMENTS", environment("[python=3.11, pip]").parent)
    assert conda.notes() == [f"no Python 3.11 here; environments that ask for it get Python 3.12 ({twelve})"]


def test_settings_of_pip_reach_uv(monkeypatch, tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nfind-links = /a\ncert = /c.pem\nextra-index-url =\n  file:///x\n  file:///y\n")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_FIND_LINKS", "/b /c")  # pip: a variable replaces the file's value
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    options, variables = installer.uv_options(installer.pip_settings())
    pairs = list(zip(options, options[1:]))
    assert [value for option, value in pairs if option == "--find-links"] == ["/b", "/c"]
    # pip's own index comes before what is added to it: uv takes the wheel of the first that has the version.
    indexes = [(option, value) for option, value in pairs if option in ("--index", "--default-index")]
    assert indexes[0][0] == "--index"
    assert indexes[1:] == [("--index", "file:///x"), ("--default-index", "file:///y")]
    assert "--no-index" in options
    assert variables == {"SSL_CERT_FILE": "/c.pem"}


def test_pip_has_the_last_word_where_uv_fails(monkeypatch, tmp_path):
    said = tmp_path / "said"
    python = executable(tmp_path / "python", f'[ "$3" = config ] || echo "$@" > {shlex.quote(str(said))}')
    monkeypatch.setattr(installer, "uv_command", lambda: str(executable(tmp_path / "uv", "exit 2")))
    monkeypatch.setattr(sys, "executable", str(python))
    installer.install(Path("/e/bin/python"), ["numpy==2.4.6"], "--no-deps")
    assert said.read_text().startswith("-m pip --python /e/bin/python install ")
    assert " --no-compile --no-deps -r " in said.read_text()


def test_an_environment_works_once_it_is_whole(environment, tmp_path, monkeypatch):
    installed = []
    monkeypatch.setattr(conda, "install", lambda python, requirements: installed.append((python, requirements)))
    prefix = tmp_path / "an environment"
    conda.create(environment(f"[python={THIS}, pip, {{pip: [numpy==2.4.6]}}]"), prefix)
    assert installed == [(prefix / "bin" / "python", [environment_file.PIP, "numpy==2.4.6"])]
    command = (
        f"source {shlex.quote(str(ACTIVATE))} '{prefix}'; python -c 'import sys; print(sys.prefix)'; echo $CONDA_PREFIX"
    )
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [str(prefix), str(prefix)]


def test_nothing_stays_of_an_environment_whose_packages_fail(environment, tmp_path, monkeypatch):
    def fail(python, requirements):
        assert python.exists()
        raise subprocess.CalledProcessError(1, ["pip"])

    monkeypatch.setattr(conda, "install", fail)
    with pytest.raises(subprocess.CalledProcessError):
        conda.create(environment(f"[python={THIS}]"), tmp_path / "prefix")
    assert not (tmp_path / "prefix").exists()


def test_nothing_stays_of_an_environment_whose_making_is_ended(environment, tmp_path):
    prefix = tmp_path / "prefix"
    driver = "import conda, sys, time; conda.install = lambda *_: time.sleep(60); conda.main()"
    arguments = ["env", "create", "--file", str(environment(f"[python={THIS}]")), "--prefix", str(prefix)]
    path = {**os.environ, "PYTHONPATH": str(TOOLS / "without_conda")}
    process = subprocess.Popen([sys.executable, "-c", driver, *arguments], env=path)
    for _ in range(600):
        if (prefix / "bin" / "python").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert not prefix.exists()


def test_an_environment_is_not_made_over_something(environment, tmp_path):
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(Refused, match="exists already"):
        conda.create(environment(f"[python={THIS}]"), tmp_path)
    assert (tmp_path / "precious").exists()


def test_a_version_that_nobody_has_is_refused_by_name(environment, tmp_path, pythons):
    with pytest.raises(Refused, match=r"things\.yaml: needs Python 3\.11"):
        conda.create(environment("[python=3.11]"), tmp_path / "prefix")


def test_activation_of_half_an_environment_ends_the_job(tmp_path):
    executable(tmp_path / "bin" / "python", "echo ran")
    command = f"source {shlex.quote(str(ACTIVATE))} '{tmp_path}'; echo went on"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "went on" not in said.stdout
    assert str(tmp_path) in said.stderr


def test_compiled_modules_stay_in_the_environment(tmp_path):
    executable(tmp_path / "bin" / "python", 'echo "$PYTHONPYCACHEPREFIX ${PYTHONDONTWRITEBYTECODE-unset}"')
    (tmp_path / "virtualenv.txt").touch()
    command = f"source {shlex.quote(str(ACTIVATE))} '{tmp_path}'; python"
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(["bash", "-c", command], env=variables, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"{tmp_path}/bytecode unset"


def test_answers_are_what_snakemake_reads(capsys):
    conda.answer(["--version"])
    conda.answer(["info", "--json"])
    conda.answer(["config", "--get", "channel_priority", "--json"])
    version, info, priority = capsys.readouterr().out.splitlines()
    assert version == "conda 24.7.1"
    assert Path(*shlex.split(json.loads(info)["conda_prefix"]), "bin", "activate") == ACTIVATE
    assert json.loads(priority) == {"get": {"channel_priority": "strict"}}


def test_a_call_without_an_answer_is_an_error():
    with pytest.raises(Refused, match="conda install 'a b'"):
        conda.answer(["install", "a b"])


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (None, "{here}/.cache/amela/virtualenvs"),
        ("/shared/conda", "/shared/conda/virtualenvs"),
        ("/shared/virtualenvs", "/shared/virtualenvs"),
    ],
)
def test_environments_never_share_a_folder_with_those_of_conda(tmp_path, given, becomes):
    (tmp_path / "python").symlink_to(sys.executable)
    command = executable(tmp_path / "snakemake", 'echo "$SNAKEMAKE_CONDA_PREFIX|$(command -v conda)|$1"')
    variables = {key: value for key, value in os.environ.items() if key != "SNAKEMAKE_CONDA_PREFIX"}
    if given:
        variables["SNAKEMAKE_CONDA_PREFIX"] = given
    here = tmp_path / "here"
    here.mkdir()
    variables.pop("XDG_CACHE_HOME", None)
    variables["HOME"] = str(here)
    said = subprocess.run(
        [TOOLS / "without-conda", command, "a b"], cwd=here, env=variables, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip().split("|") == [becomes.format(here=here), str(ACTIVATE.parent / "conda"), "a b"]


def test_the_status_of_the_command_is_kept(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)
    command = executable(tmp_path / "snakemake", "exit 3")
    assert subprocess.run([TOOLS / "without-conda", command], check=False).returncode == 3


def test_a_command_that_is_not_there_is_named(tmp_path):
    said = subprocess.run([TOOLS / "without-conda", "no-such-snakemake"], capture_output=True, text=True, check=False)
    assert said.returncode == 127
    assert "no-such-snakemake" in said.stderr


@pytest.mark.parametrize(
    ("version", "accepted"), [("24.7.1", 0), ("26.11.0", 0), ("24.7.0", 1), ("4.12.0", 1), (None, 1)]
)
def test_a_conda_that_is_too_old_is_gone_without(tmp_path, version, accepted):
    for needed in ("sort", "sh"):
        (tmp_path / needed).symlink_to(shutil.which(needed))
    if version:
        executable(tmp_path / "conda", f"echo conda {version}")
    said = subprocess.run(
        [TOOLS / "has-conda"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert said.returncode == accepted
    assert ("older than" in said.stderr) == bool(version and accepted)
