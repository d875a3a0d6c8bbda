"""What made a result: digests of code, of files and of settings.

Standard library only: the Snakefile imports this module.
"""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, List, Mapping, Tuple

from amela.errors import DataError
from amela.io.remembered import Module, remembered_modules

SCRIPTS = Path(__file__).resolve().parents[1]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
CHECKERS = ("TYPE_CHECKING", "typing.TYPE_CHECKING")  # true for type checkers alone
READ_BLOCK = 1 << 20  # bytes


@cache
def code_digest(*modules: str, root: Path = SCRIPTS) -> str:
    """Digest of the named modules and of every ``amela`` module that they import.

    Snakemake sees the command of a rule, not the script behind it; as a parameter of the
    rule, this digest makes an edited script run again. Comments, docstrings and layout do
    not count, nor does what only type checkers see. Only import statements are followed: name
    a module that is loaded by string (a backend) explicitly.
    """
    todo = [root.joinpath(*name.split(".")).with_suffix(".py") for name in modules]
    seen = set()
    digest = hashlib.sha256()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += _first_party(path, root)
    for path in sorted(seen):
        digest.update(_module(path).shape.encode())
    return digest.hexdigest()[:12]


@cache
def _module(path: Path) -> Module:
    """What counts of a module; remembered from earlier starts while its source is the same."""
    source = path.read_bytes()
    digest, remembered = hashlib.sha256(source).hexdigest(), remembered_modules()
    if (module := remembered.get(digest)) is None:
        imported: List[str] = []
        shape = repr(_shape(ast.parse(source), imported))
        module = Module(hashlib.sha256(shape.encode()).hexdigest(), tuple(dict.fromkeys(imported)))
        remembered.put(digest, module)
    return module


@cache
def _first_party(path: Path, root: Path) -> Tuple[Path, ...]:
    """Files of the ``amela`` modules that a module imports; most are asked for by many rules."""
    stems = [root.joinpath(*name.split(".")) for name in _module(path).imports if name.partition(".")[0] == "amela"]
    files = (file for stem in stems for file in (stem.with_suffix(".py"), stem / "__init__.py"))
    return tuple(file for file in files if file.is_file())


def _shape(node: Any, imported: List[str]) -> Any:
    """Syntax tree as nested tuples, without docstrings and without fields that vary by Python.

    Notes the modules that it imports: the Snakefile does this at every start, one walk is enough.
    """
    if isinstance(node, list):
        return [_shape(item, imported) for item in node]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.Import):
        imported += [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        imported += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    shape: List[Any] = [type(node).__name__]
    for name in node._fields:
        value = getattr(node, name, None)
        if name == "body" and isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            value = value[1:]
        elif name == "body" and isinstance(node, ast.If) and ast.unparse(node.test) in CHECKERS:
            value = []
        if value is not None and value != []:
            shape.append((name, _shape(value, imported)))
    return tuple(shape)


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        for block in iter(lambda: handle.read(READ_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def settings_digest(settings: Mapping[str, Any]) -> str:
    """Short digest of plain settings (what ``json`` can write), blind to the order of keys."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def check_fingerprint(found: Mapping[str, Any], expected: Mapping[str, Any], where: object) -> None:
    """Raise DataError unless ``found`` has every key of ``expected`` with the same value."""
    wrong = [
        f"{key} is {found.get(key)!r}, expected {value!r}" for key, value in expected.items() if found.get(key) != value
    ]
    if wrong:
        raise DataError(f"made by something else: {'; '.join(wrong)}", where, "make it again with this configuration")
