"""Runs of the real workflow: Snakemake, its environments and real audio."""

import pytest
from runs import SNAKEMAKE, Clone, demo_table, small_config


@pytest.fixture(scope="session", autouse=True)
def snakemake_is_there():
    if not SNAKEMAKE.is_file():
        pytest.skip(f"{SNAKEMAKE} is missing: run the tests with `make test`")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Clone:
    """One uninterrupted run of the small graph; tests copy it or only look at it."""
    folder = tmp_path_factory.mktemp("finished")
    clone = Clone(folder / "clone", small_config(demo_table(folder / "audio" / "recordings.csv", 12)))
    clone.make()
    return clone


@pytest.fixture(scope="session")
def small_clone():
    """Function (folder, source, **changes) → a fresh clone with the small configuration of that source."""
    return lambda folder, source, **changes: Clone(folder, small_config(source, **changes))


@pytest.fixture
def new_clone(small_clone, tmp_path):
    """The same, in a folder of the test."""
    return lambda source, name="clone", **changes: small_clone(tmp_path / name, source, **changes)


@pytest.fixture
def copy_of(tmp_path):
    """Function (clone) → a copy of it in a folder of the test."""
    return lambda clone, name="moved": clone.copied_to(tmp_path / name)
