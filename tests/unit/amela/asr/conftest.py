"""What the tests of several recognisers use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amela.asr import load_recogniser

PROGRAM = """if True:
    import json, socket, sys
    def refused(*arguments): raise AssertionError("a network was asked for")
    socket.socket.connect = socket.getaddrinfo = refused
    from pathlib import Path
    import soundfile
    from amela.asr import load_recogniser
    from amela.checkpoints.receipt import Receipt
    files = {name: Path(path) for name, path in json.loads(sys.argv[2]).items()}
    recogniser = load_recogniser({"backend": sys.argv[1]}, Receipt("tiny", "0" * 64, files))
    print(recogniser.transcribe([soundfile.read(sys.argv[3], dtype="float32")[0]])[0].text)
"""


@pytest.fixture
def in_a_process():
    """Function (backend, files of its checkpoint, clip) → a process without a network that has transcribed the clip."""
    scripts = Path(load_recogniser.__code__.co_filename).parents[2]

    def run(backend, files, clip):
        named = json.dumps({name: str(path) for name, path in files.items()})
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, backend, named, clip],
            env={**os.environ, "PYTHONPATH": str(scripts)},
            capture_output=True,
            text=True,
        )

    return run
