"""The first stages of the graph in environments that conda itself makes, from a channel in a folder."""

import pytest
import yaml
from conda_channel import NEEDS_CONDA, ByConda, conda_settings
from runs import Clone

pytestmark = [pytest.mark.pipeline, NEEDS_CONDA]

MANIFEST = "results/corpora/small/manifest/shard-0.jsonl"  # needs two environments, one with a post-deploy script


class CondaClone(ByConda, Clone):
    pass


@pytest.fixture(scope="module")
def made(finished, tmp_path_factory):
    config = yaml.safe_load((finished.folder / "my.yaml").read_text("utf-8"))
    clone = CondaClone(tmp_path_factory.mktemp("made") / "clone", config)
    clone.settings = conda_settings(tmp_path_factory.mktemp("conda"))
    clone.make(MANIFEST)
    return clone


def test_stages_run_in_environments_of_conda(made):
    made.assert_stages_ran_in_environments_of_conda(2)


def test_results_are_those_of_the_stand_in(made, finished):
    digests = made.digests()
    assert MANIFEST in digests
    assert digests.items() <= finished.digests().items()


def test_nothing_is_left_to_do(made):
    assert made.planned(MANIFEST) == set()
