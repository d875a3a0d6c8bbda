"""The whole graph by the shipped profile: jobs get from SLURM what their rules state, and make the same results."""

from collections import Counter

import pytest
from cluster_runs import ClusterClone
from job_resources import assert_each_job_got_what_its_rule_states, stated

pytestmark = [pytest.mark.cluster, pytest.mark.cluster_full]


@pytest.fixture(scope="module")
def run(cluster, fresh, tmp_path_factory):
    clone = ClusterClone(fresh, tmp_path_factory.mktemp("run") / "clone", cluster)
    clone.set_resources("lm_score", gpu=1)  # a rule goes to the GPU partition by a line of the profile
    clone.finish(clone.start())
    return clone


def test_each_job_gets_what_its_rule_states(run):
    assert Counter(row["State"] for row in run.accounting()) == {"COMPLETED": len(stated(run.said()))}
    assert_each_job_got_what_its_rule_states(run)


def test_gpus_are_asked_for_by_the_profile(run):
    given = [(rule, gpus) for rule, *_, gpus in stated(run.said()).values() if gpus]
    assert given and set(given) == {("lm_score", 1)}


def test_results_are_those_of_one_machine(run, undisturbed):
    assert run.digests() == undisturbed.digests()
    assert run.planned() == set()
    assert run.leftovers() == []


def test_the_start_has_nothing_to_warn_of(run):
    assert "SLURM run ID" in run.said() and "profile: " not in run.said()
