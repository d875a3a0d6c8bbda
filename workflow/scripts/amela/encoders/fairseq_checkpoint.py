"""Reading a fairseq checkpoint without fairseq, and without trust.

PyTorch's weights-only unpickler reads the file. It looks no name up: what a pickle may ask for is a
table, and the names of fairseq, omegaconf and argparse in it lead to one class that does nothing but
keep what it is given. Any other name is refused before the first byte is unpickled.
"""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterator, Mapping, Set

import torch
from torch.serialization import safe_globals

from amela.errors import DataError

# Tensors, their storages and containers: PyTorch has a table of its own, and refuses what is not in it.
PYTORCH = re.compile(r"torch\..+|collections\.(OrderedDict|Counter)|_codecs\.encode|builtins\.(set|bytearray|complex)")
# Settings, dictionaries and meters of a training; nothing of these is imported.
STAND_INS = re.compile(
    r"(fairseq|fairseq_cli|examples|omegaconf|hydra|numpy)\..+|argparse\.Namespace|typing\.Any|pathlib\.(Posix)?Path"
    r"|collections\.defaultdict|builtins\.(dict|list|tuple|int|float|bool|str|object)"
)
LEGACY_PICKLES = 4  # files of PyTorch before 1.6: magic number, protocol, machine, and then the objects
# Protocol 2 writes the names of Python 2, and the unpickler takes those of Python 3.
PYTHON_2 = {"__builtin__.long": "builtins.int", "__builtin__.unicode": "builtins.str"}


class StandIn:
    """What stands where a checkpoint holds an object of a class that is not imported."""

    def __new__(cls, *arguments: Any) -> StandIn:
        made = super().__new__(cls)
        made.arguments = arguments
        made.state = None
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __repr__(self) -> str:
        return f"an object of {type(self).__name__}"


@dataclass(frozen=True)
class FairseqCheckpoint:
    """The model of a fairseq training."""

    path: Path
    tensors: Dict[str, torch.Tensor]  # fairseq's name → value; mapped from the file, read when it is used
    model: Dict[str, Any]  # settings of the model
    task: Dict[str, Any]  # settings of the task


def read_checkpoint(path: Path) -> FairseqCheckpoint:
    """Read a checkpoint of a fairseq training, of its ``args`` (2020) or ``cfg`` (2021) form.

    Only tables of contents and settings are read; of the tensors, what is used later.

    Raises:
        DataError: no file of PyTorch, not fairseq's, or it asks for something that neither
            holds; the message names it. Nothing that the file names is imported or called.
    """
    content = _unpickled(path)
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise DataError("no entry 'model': not a checkpoint of fairseq", path)
    for name, value in content["model"].items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise DataError(f"{name!r} is no tensor: not a checkpoint of fairseq", path)
    try:
        settings, arguments = _plain(content.get("cfg")), _plain(content.get("args"))
    except RecursionError as error:
        raise DataError("settings that contain themselves: not a checkpoint of fairseq", path) from error
    if isinstance(settings, dict):
        model, task = settings.get("model"), settings.get("task")
    else:
        model = task = arguments
    if not isinstance(model, dict) or not isinstance(task, dict):
        raise DataError("no settings of a model and a task in 'cfg' or 'args': not a checkpoint of fairseq", path)
    return FairseqCheckpoint(path, dict(content["model"]), model, task)


def _unpickled(path: Path) -> Any:
    names = _names(path)
    foreign = sorted(name for name in names if not PYTORCH.fullmatch(name) and not STAND_INS.fullmatch(name))
    if foreign:
        raise DataError(
            f"it asks for {', '.join(foreign)}, which no fairseq checkpoint needs; nothing was executed",
            path,
            "take the file from where the model was published",
        )
    stand_ins = [(_stand_in(name), name) for name in names if STAND_INS.fullmatch(name)]
    try:
        with safe_globals(stand_ins):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # a damaged or crafted file may bring up any
        name = re.search(r"GLOBAL (\S+)", str(error))
        why = f"it asks for {name[1]}, which PyTorch refuses; nothing was executed" if name else _last_line(error)
        raise DataError(f"no readable checkpoint: {why}", path) from error


def _stand_in(name: str) -> Any:
    if name == "collections.defaultdict":  # filled key by key, which the unpickler does for dictionaries alone
        return lambda *arguments: {}
    return type(name, (StandIn,), {})


def _last_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def _names(path: Path) -> Set[str]:
    """Full names of everything that the pickles of a file ask for, without unpickling them."""
    try:
        if not zipfile.is_zipfile(path):
            with open(path, "rb") as file:
                return {name for _ in range(LEGACY_PICKLES) for name in _names_in(file)}
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
            return {name for each in pickles for name in _names_in(io.BytesIO(archive.read(each)))}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        todo = "weights in the form of transformers are read by backend: hf"
        raise DataError(f"no readable checkpoint of PyTorch: {error}", path, todo) from error


def _names_in(pickled: BinaryIO) -> Iterator[str]:
    strings = [None, None]  # the last two: what STACK_GLOBAL takes from the stack
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name in ("GLOBAL", "INST"):
            name = argument.replace(" ", ".", 1)
            yield PYTHON_2.get(name, re.sub(r"^__builtin__\.", "builtins.", name))
        elif operation.name == "STACK_GLOBAL":
            yield ".".join(map(str, strings))
        elif operation.name.startswith("EXT"):
            yield f"the extension {argument}"
        elif isinstance(argument, str):
            strings = [strings[1], argument]


def _plain(value: Any) -> Any:
    """Settings as dictionaries, lists and scalars, with objects as their class's stand-in where they are neither."""
    if isinstance(value, StandIn):
        held = _held(value)
        return value if held is value else _plain(held)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _held(stand_in: StandIn) -> Any:
    """The value inside an object: of omegaconf's nodes, of a namespace, of a choice by its value; else itself."""
    state = stand_in.state
    if isinstance(state, dict):
        return state.get("_content", state.get("_val", state))
    return stand_in.arguments[0] if len(stand_in.arguments) == 1 else stand_in
