"""Mirrors amela/io/working.py; kills are tested with the jobs that use it."""

import pytest

from amela.errors import AmelaError
from amela.io.journal import Journal
from amela.io.working import WorkingFolder

from .test_journal import take_over


@pytest.fixture
def final(tmp_path):
    return tmp_path / "new" / "shard-0"


def test_it_takes_the_place_of_the_final_folder_when_it_is_finished(final):
    final.mkdir(parents=True)
    (final / "old").touch()
    with Journal(final, {}) as journal:
        working = WorkingFolder(final, journal)
        working.begin(anew=True)
        (working.path / "a").touch()
        assert working.path.parent == final.parent and (final / "old").exists()
        working.finish()
    assert [path.name for path in final.iterdir()] == ["a"] and not working.path.exists()


@pytest.mark.parametrize("anew", [True, False])
def test_what_is_there_is_kept_or_thrown_away(final, anew):
    with Journal(final, {}) as journal:
        working = WorkingFolder(final, journal)
        working.begin(anew=True)
        (working.path / "a").touch()
        working.begin(anew)
        assert (working.path / "a").exists() is not anew


@pytest.mark.parametrize("step", [lambda working: working.begin(anew=True), WorkingFolder.finish])
def test_another_jobs_folder_is_left_alone(final, step):
    with Journal(final, {}) as journal:
        working = WorkingFolder(final, journal)
        working.begin(anew=True)
        (working.path / "a").touch()
        final.mkdir()
        take_over(final)
        with pytest.raises(AmelaError):
            step(working)
        assert final.exists() and (working.path / "a").exists()
