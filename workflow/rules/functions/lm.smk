"""Input functions and parameters of the rules in lm.smk."""


def lm_kind(wildcards):
    return "units" if config["lms"][wildcards.lm]["tokens"] in config["codebooks"] else "motifs"


def lm_tokens(wildcards):
    lm = config["lms"][wildcards.lm]
    return token_files(lm["tokens"], lm["train_on"])


def lm_manifests(wildcards):
    return each_shard(
        "<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl", config["lms"][wildcards.lm]["train_on"]
    )


def lm_corpora(wildcards, input):
    """Arguments --corpus NAME MANIFESTS TOKENS SHARDS, one for each training corpus."""
    corpora = config["lms"][wildcards.lm]["train_on"]
    return shard_folders("--corpus", corpora, input.manifests, input.tokens, named=True)


def lm_hours(wildcards):
    """Hours of speech that the model is trained and tested on."""
    return hours_of_corpora(config["lms"][wildcards.lm]["train_on"])


def lm_training_hours(wildcards):
    """Hours of speech that the model goes through in all its epochs; a larger model counts more."""
    point = POINTS[wildcards.lm][wildcards.point]
    size = point["layers"] * point["hidden"] ** 2 / (2 * 256**2)  # of the model that the rate was measured on
    return lm_hours(wildcards) * config["lms"][wildcards.lm]["epochs"] * max(1, size)


def lm_gpus(wildcards):
    """GPUs of the training, in all."""
    return config["lms"][wildcards.lm]["gpu"]


def lm_nodes(wildcards):
    return config["lms"][wildcards.lm]["nodes"]


def lm_processes(wildcards):
    """Processes that train on one node, each with a core."""
    return max(1, lm_gpus(wildcards)) // lm_nodes(wildcards)


def only_on_several_nodes(value):
    """A resource of jobs on several nodes: for those, Snakemake's SLURM plugin leaves it to the command to call srun."""
    return lambda wildcards: value(wildcards) if lm_nodes(wildcards) > 1 else None


def lm_settings(wildcards):
    """This point's hyper-parameters alone, so that other values of the grid do not matter to it."""
    lm = config["lms"][wildcards.lm]
    kind = lm_kind(wildcards)
    shared = ["epochs", "patience", "valid", "test", "seed", *(["deduplicate"] if kind == "units" else [])]
    point = POINTS[wildcards.lm][wildcards.point]
    return json.dumps({"tokens": kind, **{key: lm[key] for key in shared}, **point}, sort_keys=True)


def lm_points(wildcards, input):
    """Arguments --point NAME TRAINING SCORE, one for each point."""
    points = zip(POINTS[wildcards.lm], input.training, input.scores)
    return [argument for point in points for argument in ("--point", *point)]
