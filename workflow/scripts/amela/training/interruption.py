"""Signals that ask a long job to end, and when its state is saved."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Type

from amela.errors import AmelaError

if TYPE_CHECKING:
    from amela.training.processes import Processes

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)  # SLURM's at the time limit and at preemption, and what --signal may send
SAVE_EVERY = 600.0  # s: as much as a kill without warning costs at most
AGREE_EVERY = 8  # steps after which several processes ask each other

CONTINUE, SAVE, END = range(3)

logger = logging.getLogger("interruption")


class Interrupted(AmelaError):
    """A signal has ended the job early; the same command goes on from what it saved."""


class Interruption:
    """Notes, while entered, that a signal asks this process to end, instead of ending it."""

    def __init__(self) -> None:
        self.requested: Optional[str] = None  # name of the signal
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: Optional[FrameType]) -> None:
        self.requested = signal.Signals(number).name


class SavePoints:
    """Saves the state of a training from time to time, and when a signal asks it to end.

    ``check()`` stands wherever the state is whole. Several processes pass it equally often,
    and decide together: a signal may reach one of them only.

    Args:
        save: called by all processes at once.
        every: seconds between two savings.
    """

    def __init__(self, processes: Processes, save: Callable[[], None], every: float = SAVE_EVERY) -> None:
        self._processes = processes
        self._save = save
        self._every = every
        self._interruption = Interruption()
        self._passed = 0

    def __enter__(self) -> SavePoints:
        self._interruption.__enter__()
        self._saved = time.monotonic()
        return self

    def __exit__(self, *error: Any) -> None:
        self._interruption.__exit__(*error)

    def check(self) -> None:
        """Save if it is time to. Raises Interrupted, after saving, when a signal has come."""
        self._passed += 1
        if self._processes.size > 1 and self._passed % AGREE_EVERY:
            return
        decision = self._processes.largest(self._wish())
        if decision != CONTINUE:
            started = time.monotonic()
            self._save()
            self._saved = time.monotonic()
            logger.info("saved in %.1f s", self._saved - started)
        if decision == END:
            self._processes.wait()  # nobody leaves before the first has saved
            name = self._interruption.requested or "a signal to another process"
            raise Interrupted(f"ended by {name}", None, "its state is saved: run it again to go on from there")

    def _wish(self) -> int:
        if self._interruption.requested:
            return END
        return SAVE if time.monotonic() - self._saved >= self._every else CONTINUE
