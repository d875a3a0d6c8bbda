"""tools/steering/invocation.py"""

import argparse
from pathlib import Path

import pytest

from steering import invocation
from steering.invocation import Invocation, SnakemakeFailed, add_options, profile_of, run_options
from steering.run_log import Run

NEWEST = Run(
    Path("log"), command="/venv/bin/snakemake --profile slurm --configfile my.yaml", config_files=("/data/my.yaml",)
)


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "newest", "expected"),
    [
        ([], None, "--sdm conda"),
        ([], NEWEST, "--configfile /data/my.yaml --profile slurm"),
        (["--configfile", "other.yaml", "--profile", "lab"], NEWEST, "--configfile other.yaml --profile lab"),
        (["--profile", "", "--configfile", "a"], NEWEST, "--configfile a --sdm conda"),
        (["--configfile", "a", "--profile", "p", "--", "--jobs", "3"], None, "--jobs 3 --configfile a --profile p"),
        (["--", "--sdm", "conda", "--cores", "2"], None, "--sdm conda --cores 2"),
    ],
)
def test_options_are_those_of_the_newest_run_unless_told(arguments, newest, expected):
    assert " ".join(run_options(parsed(*arguments), newest)) == expected


def test_no_profile_is_one_too():
    assert profile_of(parsed("--profile", ""), NEWEST) == ""
    assert profile_of(parsed(), NEWEST) == "slurm"


def test_another_configuration_takes_the_place_of_all():
    before = Invocation(Path(), ("--configfile", "a.yaml", "b.yaml", "--profile", "slurm"), ("snakemake",))
    assert before.with_config(Path("c.yaml")).options == ("--profile", "slurm", "--configfile", "c.yaml")
    last = Invocation(Path(), ("--sdm", "conda", "--configfile", "a.yaml"), ("snakemake",))
    assert last.with_config(Path("c.yaml")).options == ("--sdm", "conda", "--configfile", "c.yaml")
    assert Invocation(Path(), (), ("x",)).with_config(Path("c")).command("-n") == ["x", "-n", "--configfile", "c"]


def test_what_snakemake_says_is_passed_on(tmp_path):
    shell = Invocation(tmp_path, (), ("sh", "-c"))
    assert shell.run("echo $WHO; pwd", environment={"WHO": "amela"}) == f"amela\n{tmp_path}\n"
    with pytest.raises(SnakemakeFailed, match="configuration: no"):
        shell.run("echo configuration: no such thing >&2; exit 1")


def test_of_a_dry_run_that_fails_only_the_error_is_passed_on(tmp_path):
    listed = "rule vad:\\n    output: a\\n" * 50
    shell = Invocation(tmp_path, (), ("sh", "-c"))
    with pytest.raises(SnakemakeFailed) as failure:
        shell.run(f"printf '{listed}InputFunctionException in rule all:\\nError:\\n  broken symlink\\n'; exit 1")
    assert str(failure.value) == "InputFunctionException in rule all:\nError:\n  broken symlink"
    with pytest.raises(SnakemakeFailed) as failure:
        shell.run("seq 100; exit 1")
    assert str(failure.value).split() == [str(number) for number in range(81, 101)]


@pytest.mark.parametrize(("locked", "fails", "calls"), [(True, 2, 3), (True, 9, 3), (False, 9, 1), (False, 0, 1)])
def test_beside_a_run_a_dry_run_that_fails_is_tried_again(tmp_path, monkeypatch, locked, fails, calls):
    monkeypatch.setattr(invocation, "PAUSE", 0)
    if locked:
        (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
        (tmp_path / ".snakemake" / "locks" / "0.output.lock").touch()
    script = tmp_path / "snakemake"
    script.write_text(f"echo >> calls; echo Nothing to be done; [ $(wc -l < calls) -gt {fails} ]\n")
    snakemake = Invocation(tmp_path, (), ("sh", str(script)))
    if calls > fails:
        assert snakemake.dry_run().jobs == ()
    else:
        with pytest.raises(SnakemakeFailed):
            snakemake.dry_run()
    assert (tmp_path / "calls").read_text() == calls * "\n"


def test_rules_are_asked_what_jobs_cost(tmp_path, monkeypatch):
    monkeypatch.delenv("AMELA_HOURS", raising=False)
    shell = Invocation(tmp_path, (), ("sh", "-c"))
    assert shell.run("echo $AMELA_HOURS") == "{}\n"
    assert shell.run("echo $AMELA_HOURS", environment={"AMELA_HOURS": '{"a": 1}'}) == '{"a": 1}\n'


def test_text_without_jobs_is_refused(tmp_path):
    with pytest.raises(SnakemakeFailed, match="lists no jobs"):
        Invocation(tmp_path, (), ("echo",)).dry_run()
