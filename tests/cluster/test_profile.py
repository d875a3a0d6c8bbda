"""Each job of the shipped profile gets from SLURM what its rule asks for."""

import re
from collections import Counter

import pytest

pytestmark = pytest.mark.cluster

FIELD = re.compile(r"^    (jobid|threads|resources): (.*)$")
RULE = re.compile(r"^(local)?rule (\w+):$")
SUBMITTED = re.compile(r"^Job (\d+) has been submitted with SLURM jobid (\d+) ")


def stated(said: str) -> dict:
    """SLURM id → (rule, threads, mem_mb, runtime, gpu) of each job, as Snakemake printed it before submitting."""
    jobs, asked, fields = {}, {}, {}
    for line in said.splitlines():
        if rule := RULE.match(line):
            fields = {} if rule[1] else {"rule": rule[2], "threads": "1"}
        elif fields and (field := FIELD.match(line)):
            fields[field[1]] = field[2]
            if field[1] == "resources" and "jobid" in fields:
                values = dict(pair.split("=", 1) for pair in field[2].split(", "))
                numbers = (fields["threads"], values["mem_mb"], values["runtime"], values["gpu"])
                asked[fields["jobid"]] = (fields["rule"], *map(int, numbers))
        elif submitted := SUBMITTED.match(line):
            jobs[submitted[2]] = asked[submitted[1]]
    return jobs


def allocated(row: dict) -> tuple:
    """The same, with the partition at the end, from a row of sacct."""
    tres = dict(part.split("=") for part in row["AllocTRES"].split(","))
    memory = tres["mem"]
    megabytes = float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]
    rule = re.match(r"rule_(\w+?)(_wildcards_|$)", row["Comment"])[1]
    return rule, int(tres["cpu"]), megabytes, int(row["TimelimitRaw"]), int(tres.get("gres/gpu", 0)), row["Partition"]


def test_each_job_gets_what_its_rule_states(undisturbed):
    (run_id,) = undisturbed.run_ids()
    asked = stated(undisturbed.said())
    rows = {row["JobIDRaw"]: row for row in undisturbed.cluster.accounting(run_id)}
    assert rows.keys() == asked.keys()
    assert Counter(row["State"] for row in rows.values()) == {"COMPLETED": len(rows)}
    for job, (rule, threads, memory, runtime, gpus) in asked.items():
        *given, partition = allocated(rows[job])
        assert given[:2] == [rule, threads]
        assert given[2] == pytest.approx(memory, rel=0.01)  # sacct rounds gigabytes
        assert given[3:] == [runtime, gpus]
        assert partition == ("gpu" if gpus else "cpu")


def test_gpus_are_asked_for_by_the_profile(undisturbed):
    given = [(rule, gpus) for rule, *_, gpus in stated(undisturbed.said()).values() if gpus]
    assert given and set(given) == {("lm_score", 1)}


def test_nothing_is_left_to_do(undisturbed):
    assert undisturbed.planned() == set()
    assert undisturbed.leftovers() == []
