"""What jobs asked for, as Snakemake printed it, held against what SLURM gave them, as sacct tells it."""

import re

import pytest

FIELD = re.compile(r"^    (jobid|threads|resources): (.*)$")
RULE = re.compile(r"^(local)?rule (\w+):$")
SUBMITTED = re.compile(r"^Job (\d+) has been submitted with SLURM jobid (\d+) ")
MEGABYTES = {"M": 1, "G": 1024}


def stated(said: str) -> dict:
    """SLURM id → (rule, threads, mem_mb, runtime, gpu) of each job, as it was when it was submitted."""
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
    """(rule, threads, mem_mb, runtime, gpu, partition) from a row of sacct."""
    tres = dict(part.split("=") for part in row["AllocTRES"].split(","))
    memory = float(tres["mem"][:-1]) * MEGABYTES[tres["mem"][-1]]
    rule = re.match(r"rule_(\w+?)(_wildcards_|$)", row["Comment"])[1]
    return rule, int(tres["cpu"]), memory, int(row["TimelimitRaw"]), int(tres.get("gres/gpu", 0)), row["Partition"]


def assert_each_job_got_what_its_rule_states(clone, **partitions: str) -> None:
    """``partitions``: of the rules that the profile sends to another one than the table does."""
    asked = stated(clone.said())
    given = {row["JobIDRaw"]: allocated(row) for row in clone.accounting() if row["State"] == "COMPLETED"}
    assert given and given.keys() <= asked.keys()
    for job, (rule, threads, memory, runtime, gpus) in ((job, asked[job]) for job in given):
        name, *numbers, partition = given[job]
        assert name == rule
        assert numbers == [threads, pytest.approx(memory, rel=0.01), runtime, gpus]  # sacct rounds gigabytes
        assert partition == partitions.get(rule, "gpu" if gpus else "cpu")
