"""Digests change with what they stand for, and with nothing else."""

import hashlib
import shutil

import pytest

from amela.encoders import BACKENDS
from amela.errors import DataError
from amela.provenance import SCRIPTS, check_fingerprint, code_digest, file_sha256, settings_digest

SCRIPT = '''\
"""Doc."""
import json
from amela.io.rows import read

RATE = 16000  # Hz

class Reader:
    """Doc."""
    def read(self, path):
        """Doc."""
        return read(path)[:1]
'''
ROWS = "from amela import errors\n\ndef read(path):\n    return path.read_text()\n"


@pytest.fixture
def digest(tmp_path_factory):
    """Digest of ``script.py`` in a tree where some files differ from the usual ones."""
    usual = {
        "script.py": SCRIPT, "amela/__init__.py": "", "amela/io/__init__.py": "", "amela/io/rows.py": ROWS,
        "amela/errors.py": "class Wrong(Exception): pass\n", "amela/io/other.py": "x = 1\n",
        "amela/backend/__init__.py": "NAME = 'b'\n", "amela/backend/fast.py": "from amela.backend import NAME\n",
    }  # fmt: skip

    def of(*modules, changed=None):
        assert set(changed or {}) <= set(usual)
        root = tmp_path_factory.mktemp("scripts")
        for name, text in {**usual, **(changed or {})}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return code_digest("script", *modules, root=root)

    return of


def test_the_place_of_the_tree_does_not_matter(digest):
    assert digest() == digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Doc."""\nimport', '"""Another text."""\nimport'),
        ('    """Doc."""\n    def', "    def"),
        ('        """Doc."""\n', '        """Another\n        text."""\n'),
        ("  # Hz", "  # in hertz"),
        ("import json\n", "import json\n\n\n# a comment\n"),
        ("[:1]", "[ : 1 ]"),
        ("return read(path)[:1]", "return (read(path)[:1])"),
        ("16000", "16_000"),
        ('"""Doc."""\nimport', "'''Doc.'''\nimport"),
    ],
)
def test_blind_to_comments_docstrings_and_layout(digest, old, new):
    assert SCRIPT.count(old) >= 1
    assert digest(changed={"script.py": SCRIPT.replace(old, new)}) == digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("16000", "16000.0"),
        ("16000", "8000"),
        ("[:1]", "[1:]"),
        ("read(path)[:1]", "read(path)"),
        ("RATE", "SPEED"),
        ("import json", "import csv"),
        ("        return read", "        'not a docstring'\n        'but code'\n        return read"),
        ("def read(self, path)", "def read(self, path=None)"),
        ("class Reader:", "class Reader(list):"),
    ],
)
def test_sees_code(digest, old, new):
    assert SCRIPT.count(old) >= 1
    assert digest(changed={"script.py": SCRIPT.replace(old, new)}) != digest()


def test_follows_imports_to_the_end(digest):
    assert digest(changed={"amela/io/rows.py": ROWS.replace("read_text", "read_bytes")}) != digest()
    assert digest(changed={"amela/errors.py": "class Wrong(ValueError): pass\n"}) != digest()
    assert digest(changed={"amela/io/rows.py": ROWS + "# a comment\n"}) == digest()


def test_what_is_not_imported_does_not_matter(digest):
    assert digest(changed={"amela/io/other.py": "x = 2\n"}) == digest()


def test_backends_are_named(digest):
    changed = {"amela/backend/__init__.py": "NAME = 'c'\n"}
    assert digest(changed=changed) == digest()
    assert digest("amela.backend.fast") != digest()
    assert digest("amela.backend.fast", changed=changed) != digest("amela.backend.fast")


def test_an_import_inside_a_function_counts(digest):
    lazy = SCRIPT.replace("        return", "        from amela.io.other import x\n        return")
    assert digest(changed={"script.py": lazy, "amela/io/other.py": "x = 2\n"}) != digest(changed={"script.py": lazy})


@pytest.mark.parametrize("checks", ["if TYPE_CHECKING:", "if typing.TYPE_CHECKING:"])
def test_what_only_type_checkers_see_does_not_count(digest, checks):
    seen = SCRIPT.replace("import json\n", f"import json\n{checks}\n    from amela.io.other import x\n")
    assert digest(changed={"script.py": seen, "amela/io/other.py": "x = 2\n"}) == digest(changed={"script.py": seen})
    other = seen.replace("import x", "import y")
    assert other != seen and digest(changed={"script.py": other}) == digest(changed={"script.py": seen})


@pytest.mark.parametrize("branch", ["if not TYPE_CHECKING:\n", "if TYPE_CHECKING:\n    pass\nelse:\n"])
def test_what_runs_beside_a_type_checkers_branch_counts(digest, branch):
    run = SCRIPT.replace("import json\n", f"import json\n{branch}    from amela.io.other import x\n")
    assert digest(changed={"script.py": run, "amela/io/other.py": "x = 2\n"}) != digest(changed={"script.py": run})


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_features_do_not_depend_on_how_receipts_are_read(tmp_path, backend):
    """Else a message of theirs would make every codebook stale."""
    shutil.copytree(SCRIPTS / "amela", tmp_path / "amela")
    module = BACKENDS[backend].partition(":")[0]
    before = code_digest(module)
    receipt = tmp_path / "amela" / "checkpoints" / "receipt.py"
    receipt.write_text(receipt.read_text() + "\nMORE = 1\n")
    assert code_digest(module, root=tmp_path) == before


def test_file_sha256(tmp_path):
    content = bytes(range(256)) * 5000  # more than one block
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
    (tmp_path / "empty").touch()
    # FIPS 180-4, digest of the empty message
    assert file_sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_settings_digest():
    settings = {"k": 100, "encoder": {"hop": 0.01, "name": "mfcc"}}
    assert settings_digest(settings) == settings_digest({"encoder": {"name": "mfcc", "hop": 0.01}, "k": 100})
    assert settings_digest(settings) != settings_digest({**settings, "k": 101})
    assert settings_digest(settings) != settings_digest({**settings, "k": "100"})


def test_fingerprint():
    found = {"sha256": "a", "hop": 0.01, "more": 1}
    check_fingerprint(found, {"sha256": "a", "hop": 0.01}, "file")
    with pytest.raises(DataError, match="hop is 0.01, expected 0.02; k is None, expected 100 — file"):
        check_fingerprint(found, {"sha256": "a", "hop": 0.02, "k": 100}, "file")
