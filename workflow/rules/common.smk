"""Configuration, wildcard constraints and input functions shared by the rule files. No rules here."""

import json
import os
import sys
from pathlib import Path

import yaml

sys.path[:0] = [workflow.basedir, str(Path(workflow.basedir, "scripts"))]
from amela.io.atomic import open_atomic
from amela.provenance import code_digest
from configuration import ConfigurationError, grid_points, load_configuration

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
    "point": sorted({name for points in POINTS.values() for name in points}),
}


wildcard_constraints:
    **{name: "|".join(map(re.escape, values)) or "$^" for name, values in NAMES.items()},
    shard=r"\d+",


def script(name):
    """Command line of a stage, relative to the working directory."""
    return os.path.relpath(Path(workflow.basedir, "scripts", f"{name}.py"))


def settings(section, name, *keys):
    """JSON of one named thing (or of some of its keys): a string, so that any change is seen."""
    thing = config[section][name]
    return json.dumps({key: thing[key] for key in keys or thing}, sort_keys=True)


def shards(corpus):
    return range(config["corpora"][corpus]["shards"])


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
