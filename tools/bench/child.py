"""A command in a process of its own, and what it cost."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Dict, Sequence, Tuple


def measure(command: Sequence[str], **options: Any) -> Tuple[str, Dict[str, float]]:
    """What a command says, and its CPU seconds and peak memory (MB). Ends the benchmark where it fails.

    ``options`` are those of ``subprocess.Popen``.
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(said)
    return said, {"cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}
