"""Input functions and parameters of the rules in lm.smk."""


def lm_kind(wildcards):
    return "units" if config["lms"][wildcards.lm]["tokens"] in config["codebooks"] else "motifs"


def lm_tokens(wildcards):
    lm = config["lms"][wildcards.lm]
    return token_files(lm["tokens"], lm["train_on"])


def lm_manifests(wildcards):
    return expand("<results>/corpora/{corpus}/merged/manifest.jsonl", corpus=config["lms"][wildcards.lm]["train_on"])


def lm_coverage(wildcards):
    """Merged tables of the tokens: proof that no shard lacks an utterance. Waited for, not read."""
    lm = config["lms"][wildcards.lm]
    return [f"<results>/corpora/{corpus}/merged/{lm_kind(wildcards)}-{lm['tokens']}.jsonl" for corpus in lm["train_on"]]


def lm_corpora(wildcards, input):
    """Arguments --corpus NAME MANIFEST FOLDER SHARDS, one for each training corpus."""
    corpora = config["lms"][wildcards.lm]["train_on"]
    folders = shard_folders("--corpus", input.tokens, corpora)
    tokens = zip(*[iter(folders)] * 3)
    named = zip(corpora, input.manifests, tokens)
    return [
        argument for corpus, manifest, (option, *shards) in named for argument in (option, corpus, manifest, *shards)
    ]


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
