"""The first stages by the shipped profile in environments of conda, which are made where Snakemake runs."""

import pytest
from cluster_runs import ClusterClone
from conda_channel import NEEDS_CONDA, ByConda, conda_settings
from job_resources import assert_each_job_got_what_its_rule_states

pytestmark = [pytest.mark.cluster, pytest.mark.cluster_full, NEEDS_CONDA]

MANIFESTS = [f"results/corpora/small/manifest/shard-{shard}.jsonl" for shard in range(2)]


class CondaOnCluster(ByConda, ClusterClone):
    pass


def test_jobs_run_in_environments_of_conda(cluster, fresh, undisturbed, tmp_path):
    clone = CondaOnCluster(fresh, tmp_path / "clone", cluster)
    clone.settings = conda_settings(tmp_path / "conda")
    clone.finish(clone.start(*MANIFESTS))
    clone.assert_stages_ran_in_environments_of_conda(2)
    assert_each_job_got_what_its_rule_states(clone)
    digests = clone.digests()
    assert set(MANIFESTS) <= set(digests)
    assert digests.items() <= undisturbed.digests().items()
