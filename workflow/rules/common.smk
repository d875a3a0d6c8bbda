"""Configuration, wildcard constraints and input functions shared by the rule files. No rules here."""

import json
import os
import sys
from pathlib import Path

import yaml

sys.path[:0] = [workflow.basedir, str(Path(workflow.basedir, "scripts"))]
from amela.io.atomic import open_atomic
from amela.provenance import code_digest
from cluster import is_slurm, missing_account, slurm_warnings, use_own_sbatch, write_controller
from configuration import ConfigurationError, grid_points, load_configuration
from resources import (
    corpus_hours,
    expected_cost,
    local_folder,
    longest_hours,
    memory_mb,
    of_size,
    rate_of,
    runtime_minutes,
    shard_hours,
    weights_mb,
)

# A signal reaches the shell of a job too: it then waits for its command, which may be saving its state. (Ignored, the
# signal would not reach the command either.) The rest is Snakemake's own prefix, which this replaces.
shell.prefix("trap : TERM USR1; set -euo pipefail; ")

try:
    config = load_configuration(config)
except ConfigurationError as mistakes:
    raise WorkflowError(str(mistakes)) from None

POINTS = {lm: grid_points(spec) for lm, spec in config["lms"].items()}
NAMES = {
    "corpus": config["corpora"],
    "encoder": config["encoders"],
    "codebook": config["codebooks"],
    "bpe": config["bpes"],
    "vocoder": config["vocoders"],
    "asr": config["asrs"],
    "voice": ["natural", *config["vocoders"]],
    "lm": config["lms"],
    "export": config["exports"],
    "point": sorted({name for points in POINTS.values() for name in points}),
}


def names_of(names):
    """Pattern of some names, for wildcards; one that nothing fits where there are none."""
    return "|".join(map(re.escape, names)) or "$^"


wildcard_constraints:
    **{wildcard: names_of(names) for wildcard, names in NAMES.items()},
    shard=r"\d+",


def script(name):
    """Command line of a stage, relative to the working directory."""
    return os.path.relpath(Path(workflow.basedir, "scripts", f"{name}.py"))


def settings(section, name, *keys):
    """JSON of one named thing (or of some of its keys): a string, so that any change is seen."""
    thing = config[section][name]
    return json.dumps({key: thing[key] for key in keys or thing}, sort_keys=True)


def backend_of(section, name):
    """Backend of a thing as resources.py tells them apart: a GPU makes another one of it."""
    thing = config[section][name]
    return f"{thing['backend']}-gpu" if thing.get("gpu") else thing["backend"]


def execution(section, name, keys):
    """Settings that say how to work, not what to make, as resources, so that they make nothing stale.

    ``name`` of the thing: function of the wildcards.
    """

    def setting(key):
        return lambda wildcards: int(config[section][name(wildcards)].get(key, 0))

    return {key: setting(key) for key in keys}


def optional(option, path):
    """An option of a command line with its file, where there is one."""
    return [option, path] if path else []


def shards(corpus):
    return range(config["corpora"][corpus]["shards"])


def hours_of_corpora(corpora):
    return sum(corpus_hours(corpus, len(shards(corpus))) for corpus in corpora)


def hours_of_samples(corpora, hours):
    """Of each corpus so many hours, or all where it has fewer."""
    return sum(min(hours, hours_of_corpora([corpus])) for corpus in corpora)


def hours_of_corpus(wildcards):
    return hours_of_corpora([wildcards.corpus])


def hours_of_shard(wildcards):
    return shard_hours(wildcards.corpus, len(shards(wildcards.corpus)))[int(wildcards.shard)]


def uncut_hours(wildcards):
    """Hours of the longest utterance where it is a whole recording; cut ones are too short to matter."""
    corpus = config["corpora"].get(wildcards.get("corpus"))
    uncut = corpus and config["segmentations"][corpus["segment"]]["method"] == "none"
    return longest_hours(wildcards.corpus) if uncut else 0.0


def needs(
    name,
    hours,
    backend=lambda wildcards: "",
    memory_hours=None,
    weights=lambda wildcards: 0.0,
    gpu=0,
    copies=lambda wildcards: 1,
):
    """Resources of the jobs of the rule ``name``, as functions of what a job works on and of the attempt.

    ``hours`` of speech tell the time, and the memory too unless ``memory_hours`` differ.
    Where inputs are copied to the machine's own disk, ``stage`` is 1.

    ``weights``: MB of a model that others trained. ``copies`` of the job run on one node, each with memory of its own.
    """

    def rate(wildcards):
        return of_size(rate_of(name, backend(wildcards)), weights(wildcards))

    def memory(wildcards, attempt):
        of = (memory_hours or hours)(wildcards)
        return copies(wildcards) * memory_mb(rate(wildcards), of, attempt, uncut_hours(wildcards))

    return {
        "mem_mb": memory,
        "runtime": lambda wildcards, attempt: runtime_minutes(rate(wildcards), hours(wildcards), attempt),
        "gpu": gpu,
        "tmpdir": lambda wildcards: local_folder(config["tmpdir"]),
        "stage": int(config["stage_to_scratch"]),
        **expected_cost(rate, hours),
    }


def each_shard(pattern, corpora):
    """``pattern`` for every shard of every corpus in ``corpora``."""
    return [
        path for corpus in corpora for path in expand(pattern, corpus=corpus, shard=shards(corpus), allow_missing=True)
    ]


def shard_folders(option, corpora, *files, named=False):
    """Arguments OPTION [NAME] FOLDER... SHARDS, one for each corpus, with the folders of its ``files``.

    A thousand file names would not fit on a command line.
    """
    folders = [dict.fromkeys(os.path.dirname(path) for path in paths) for paths in files]
    counts = [str(len(shards(corpus))) for corpus in corpora]
    columns = [corpora] if named else []
    return [argument for row in zip(*columns, *folders, counts) for argument in (option, *row)]


def token_files(tokens, corpora):
    """Units or motifs that a language model reads: every shard of ``corpora``."""
    stage = "units" if tokens in config["codebooks"] else "motifs"
    return each_shard(f"<results>/corpora/{{corpus}}/{stage}/{tokens}/shard-{{shard}}.parquet", corpora)


def write_run_config():
    """The configuration of this run, defaults and all, beside what it makes."""
    with open_atomic(Path("results", "run_config.yaml")) as out:
        yaml.safe_dump(config, out, sort_keys=False, allow_unicode=True)


def prepare_cluster():
    """On SLURM: stop without an account, warn of settings and versions that lose work, wait where SLURM is away."""
    if not is_slurm(workflow.executor_settings):
        return
    use_own_sbatch()
    accounts = {job.resources.get("slurm_account") for job in workflow.dag.needrun_jobs()}
    for missing in filter(None, map(missing_account, accounts)):
        raise WorkflowError(missing)
    retries, forced = workflow.execution_settings.retries, workflow.dag_settings.force_incomplete
    for warning in slurm_warnings(workflow.executor_settings, retries, forced):
        logger.warning(f"profile: {warning}")
