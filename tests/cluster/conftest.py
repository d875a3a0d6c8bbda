"""A SLURM cluster for the session, and runs of the workflow on it."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from cluster_runs import ClusterClone
from runs import SNAKEMAKE, demo_table, small_config
from slurm_cluster import NoCluster, SlurmCluster, install_packages


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
    try:
        with SlurmCluster(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def audio(tmp_path_factory) -> Path:
    """Twelve recordings of the demo corpus."""
    return demo_table(tmp_path_factory.mktemp("audio") / "recordings.csv", 12)


@pytest.fixture
def new_clone(cluster, audio, tmp_path):
    """Function (name, **changes of the configuration) → a fresh clone of the small graph."""
    return lambda name="clone", **changes: ClusterClone(tmp_path / name, small_config(audio, **changes), cluster)


@pytest.fixture(scope="session")
def undisturbed(cluster, audio, tmp_path_factory) -> ClusterClone:
    """One run of the small graph that nothing disturbed; tests only look at it."""
    clone = ClusterClone(tmp_path_factory.mktemp("undisturbed") / "clone", small_config(audio), cluster)
    clone.resources("lm_score", gpu=1)  # a rule goes to the GPU partition by a line of the profile
    clone.finish(clone.start())
    return clone
