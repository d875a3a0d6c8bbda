"""A SLURM cluster for the session, and runs of the workflow on it."""

import shutil
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster_runs import LSTM, ClusterClone, mtimes
from job_resources import assert_each_job_got_what_its_rule_states
from runs import SNAKEMAKE, Clone, demo_table, small_config
from slurm_cluster import SlurmCluster
from slurm_packages import NoCluster, install_packages

# What no test has the cluster make again.
BEFORE = ("corpora/small/segment/*", "corpora/small/units/*/*", "models/codebooks/*/*")


@pytest.fixture(scope="session")
def cluster():
    """SLURM on this machine, in a folder of its own."""
    if not SNAKEMAKE.is_file():
        pytest.skip(f"{SNAKEMAKE} is missing: run the tests with `make test-cluster`")
    try:
        install_packages()
    except NoCluster as reason:
        pytest.skip(f"no SLURM cluster: {reason}")
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated"))  # so that the cluster is torn down then, too
    folder = Path(tempfile.mkdtemp(prefix="amela-slurm-"))  # sockets need a short path
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            running = stack.enter_context(SlurmCluster(folder))
        except PermissionError as reason:  # root of a container that may make no devices
            pytest.skip(f"no SLURM cluster: {reason}")
        yield running


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> Path:
    """A table of twelve recordings."""
    return demo_table(tmp_path_factory.mktemp("audio") / "recordings.csv", 12)


@pytest.fixture(scope="session")
def fresh(source, tmp_path_factory) -> Clone:
    """The small graph, of which nothing is made yet."""
    return Clone(tmp_path_factory.mktemp("fresh") / "clone", small_config(source, lms={"lstm": LSTM}))


@pytest.fixture(scope="session")
def undisturbed(fresh, tmp_path_factory) -> Clone:
    """The same, made on this machine without SLURM: what every run on the cluster has to come to."""
    clone = fresh.copied_to(tmp_path_factory.mktemp("undisturbed") / "clone")
    clone.make()
    return clone


@pytest.fixture
def unfinished(cluster, undisturbed, tmp_path):
    """Function (*parts) → a copy of the undisturbed run without these of its results, to be made on the cluster."""
    clone = ClusterClone(undisturbed, tmp_path / "clone", cluster)
    # Snakemake asks for what is missing only where something final is.
    yield lambda *parts: clone.without("report.html", *parts)
    clone.close()


@pytest.fixture
def whole(undisturbed):
    """Function (clone, run) that waits for the end of a run and asserts that it is complete and lost nothing."""
    before = mtimes(undisturbed, *BEFORE)
    assert before

    def check(clone, run, **partitions):
        clone.finish(run)
        assert clone.digests() == undisturbed.digests()
        assert clone.leftovers() == []
        assert clone.planned() == set()
        assert set(clone.completed().values()) == {1}, "a job was made again that was done"
        assert mtimes(clone, *BEFORE) == before
        assert_each_job_got_what_its_rule_states(clone, **partitions)

    return check
