import os
import signal

import pytest
import torch

from amela.training.interruption import AGREE_EVERY, Interrupted, Interruption, SavePoints
from amela.training.processes import Processes


@pytest.fixture
def saved():
    return []


@pytest.fixture
def make_points(saved):
    def make(every=1e9, processes=None):
        return SavePoints(processes or Processes(torch.device("cpu")), lambda: saved.append(1), every)

    return make


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_noted_and_handlers_come_back(number):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert interruption.requested is None
        os.kill(os.getpid(), number)
        assert interruption.requested == number.name
    assert signal.getsignal(number) == before


def test_nothing_happens_without_a_signal(make_points, saved):
    with make_points() as points:
        for _ in range(20):
            points.check()
    assert saved == []


def test_a_signal_saves_and_ends(make_points, saved):
    with pytest.raises(Interrupted, match="SIGTERM.*run it again"), make_points() as points:
        os.kill(os.getpid(), signal.SIGTERM)
        points.check()
    assert saved == [1]


def test_long_epochs_are_saved_from_time_to_time(make_points, saved):
    with make_points(every=0) as points:
        for _ in range(3):
            points.check()
    assert saved == [1, 1, 1]


class Two(Processes):
    """Two processes, of which the other has got a signal."""

    def __init__(self):
        super().__init__(torch.device("cpu"))
        self.size, self.asked = 2, 0

    def largest(self, value):
        self.asked += 1
        return 2


def test_several_processes_agree_now_and_then(make_points, saved):
    others = Two()
    with pytest.raises(Interrupted, match="another process"), make_points(processes=others) as points:
        for step in range(1, AGREE_EVERY + 1):
            assert (others.asked, saved) == (0, []), step
            points.check()
    assert saved == [1]
