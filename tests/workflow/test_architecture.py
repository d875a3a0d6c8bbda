"""The rules of docs/architecture.md, held against the syntax trees."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[2] / "workflow"
SCRIPTS = WORKFLOW / "scripts"
STAGES = sorted(SCRIPTS.glob("*.py"))
LIBRARY = sorted((SCRIPTS / "amela").rglob("*.py"))
FOUNDATION = {"io", "cli", "errors", "environment", "provenance"}
LONGEST_FUNCTION = 50  # lines
LONGEST_MODULE = 250  # lines


def name(path):
    return str(path.relative_to(WORKFLOW))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def calls(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", STAGES + LIBRARY, ids=name)
def test_parses_as_python_3_9_with_postponed_annotations(path):
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
    if path.stem != "__init__" or tree.body:
        imports = {(n.module, a.name) for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
        assert ("__future__", "annotations") in imports or not any(
            isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in ast.walk(tree)
        )


@pytest.mark.parametrize("path", STAGES, ids=name)
def test_a_stage_shadows_no_module_and_imports_no_stage(path):
    assert path.stem not in sys.stdlib_module_names
    assert not {stage.stem for stage in STAGES} & {module.partition(".")[0] for module in imported(path)}


@pytest.mark.parametrize("path", STAGES + LIBRARY, ids=name)
def test_nothing_behind_the_command_lines_knows_snakemake_or_the_configuration(path):
    assert not {"snakemake", "configuration"} & {module.partition(".")[0] for module in imported(path)}


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_the_foundation_imports_nothing_above_it(path):
    if path.relative_to(SCRIPTS / "amela").with_suffix("").parts[0] in FOUNDATION:
        above = {m for m in imported(path) if m.startswith("amela.") and m.split(".")[1] not in FOUNDATION}
        assert not above


@pytest.mark.parametrize("path", STAGES + LIBRARY, ids=name)
def test_modules_and_functions_stay_short(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", STAGES + LIBRARY, ids=name)
def test_loading_a_file_never_executes_it(path):
    used = set(calls(path))
    assert not used & {"eval", "exec", "pickle.load", "pickle.loads", "yaml.load"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"torch.load", "np.load", "numpy.load"}:
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert given.get("weights_only") == "True" or given.get("allow_pickle") == "False"


@pytest.mark.parametrize("path", STAGES, ids=name)
def test_a_stage_answers_help_on_a_bare_python(path):
    command = [sys.executable, "-S", "-B", str(path), "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Reads" in answer.stdout and "Writes" in answer.stdout


def test_every_stage_has_a_rule_of_its_name():
    rules = "\n".join(path.read_text("utf-8") for path in (WORKFLOW / "rules").glob("*.smk"))
    for path in STAGES:
        assert f"\nrule {path.stem}:" in rules, path.stem
        assert f'script("{path.stem}")' in rules, path.stem


def test_every_library_module_has_a_test_of_its_name():
    tests = Path(__file__).parents[1] / "unit" / "amela"
    expected = {p.relative_to(SCRIPTS / "amela").with_name(f"test_{p.name}") for p in LIBRARY if p.stem != "__init__"}
    missing = sorted(str(path) for path in expected if not (tests / path).is_file())
    assert not missing
