"""Command lines as modules: of stages, and of tools whose names no import statement takes."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Callable

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"


def load_script(path: Path) -> ModuleType:
    """The file as a module of its own, which is not registered."""
    loader = importlib.machinery.SourceFileLoader(f"loaded_{path.stem.replace('-', '_')}", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def main_of(name: str) -> Callable:
    """The command line of a stage, for this process."""
    return load_script(SCRIPTS / f"{name}.py").main


def stage(name: str, *arguments: object) -> None:
    """Call the command line of a stage inside this process."""
    main_of(name)([str(argument) for argument in arguments])
