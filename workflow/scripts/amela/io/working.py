"""A folder that a long job fills over several attempts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from amela.io.journal import Journal


class WorkingFolder:
    """A folder under way.

    Files gather in a hidden folder beside the final one: Snakemake removes what a failed
    job has declared, and a killed job must not begin again.

    Raises (all methods):
        AmelaError: another job has taken over.
    """

    def __init__(self, folder: Path, journal: Journal) -> None:
        """``journal``: of the folder; it keeps what is finished."""
        self.folder = folder
        self.path = folder.with_name(f".{folder.name}.working")
        self._journal = journal

    def begin(self, anew: bool) -> None:
        """Make the folder, or go on with what is in it unless ``anew``."""
        self._journal.check()
        if anew:
            shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True, exist_ok=True)

    def finish(self) -> None:
        """All files are there: put the folder in its place."""
        self._journal.check()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._journal.check()  # to remove many files may take long
        os.replace(self.path, self.folder)
