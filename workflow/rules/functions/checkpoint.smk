"""Input functions and parameters of the rules in checkpoint.smk."""

from amela.checkpoints.registry import (
    language_models,
    local_files,
    mismatch,
    mistake,
    read_registry,
    registered,
    untrained,
    wrong_backend,
    wrong_recogniser,
)
from amela.errors import AmelaError

CHECKPOINT_KINDS = {"encoders": "encoder", "codebooks": "quantizer", "vocoders": "vocoder", "asrs": "recogniser"}
CONTENT = ("name", "file", "revision", "sha256", "layer", "hop", "of")  # of the registry's columns

try:
    CHECKPOINTS = read_registry()
except AmelaError as error:
    raise WorkflowError(str(error)) from None


def with_checkpoint(section):
    """Names of the things in a section that have weights from elsewhere."""
    return [name for name, thing in config[section].items() if thing.get("checkpoint")]


def why_not(section, name):
    """What is wrong with a configured checkpoint, as far as the registry knows; None: nothing."""
    thing = config[section][name]
    if wrong := mistake(thing["checkpoint"], CHECKPOINT_KINDS[section], CHECKPOINTS):
        return wrong
    if section == "encoders":
        return wrong_backend(thing, CHECKPOINTS)
    if section == "asrs":
        return wrong_recogniser(thing, CHECKPOINTS)
    if section == "codebooks":
        return mismatch(thing, config["encoders"][thing["encoder"]], CHECKPOINTS)
    return untrained(thing["checkpoint"], config["codebooks"][thing["codebook"]]["checkpoint"], CHECKPOINTS)


def check_checkpoints():
    """Stop where a configured checkpoint cannot be one, or not the one that is wanted."""
    mistakes = [
        f"configuration: {section}.{name}.checkpoint: {wrong}"
        for section in CHECKPOINT_KINDS
        for name in with_checkpoint(section)
        if (wrong := why_not(section, name))
    ]
    if mistakes:
        raise WorkflowError("\n".join(mistakes))


def configured_checkpoint(wildcards):
    return config[wildcards.kind][wildcards.name]["checkpoint"]


def checkpoint_files(wildcards):
    """Files of a checkpoint that is a path: new ones make stale what was made with them."""
    name = configured_checkpoint(wildcards)
    return sorted(map(str, (local_files(name, registered(name, CHECKPOINTS)) or {}).values()))


def checkpoint_entry(wildcards):
    """JSON of what the registry says of the content, so that another one is seen."""
    rows = registered(configured_checkpoint(wildcards), CHECKPOINTS)
    rows = [*rows, *language_models(rows, CHECKPOINTS)]
    return json.dumps([{key: getattr(row, key) for key in CONTENT} for row in rows], sort_keys=True)


def needed_checkpoints():
    """Receipts of everything with weights in the configuration; of encoders, those that a codebook or export needs."""
    children = [*config["codebooks"].values(), *config["exports"].values()]
    encoders = {child.get("encoder") for child in children}
    names = {section: with_checkpoint(section) for section in CHECKPOINT_KINDS}
    names["encoders"] = [name for name in names["encoders"] if name in encoders]
    return [f"<results>/models/{section}/{name}/checkpoint.json" for section, found in names.items() for name in found]


check_checkpoints()
