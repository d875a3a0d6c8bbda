"""Input functions and parameters of the rules in report.smk."""


def report_contents():
    """The names whose results the report shows, as JSON."""
    return json.dumps(
        {
            "corpora": {name: corpus["shards"] for name, corpus in config["corpora"].items()},
            **{section: list(config[section]) for section in ("codebooks", "bpes", "vocoders", "asrs")},
            "lms": {lm: list(points) for lm, points in POINTS.items()},
        }
    )


def report_inputs(wildcards):
    names = {key: list(values) for key, values in NAMES.items()}
    corpora = config["corpora"]
    return [
        *each_shard("<results>/corpora/{corpus}/vad/shard-{shard}.jsonl", corpora),
        *(path for codebook in names["codebook"] for path in token_files(codebook, corpora)),
        *expand("<results>/corpora/{corpus}/motifs/{bpe}/motifs.tsv", **names),
        *expand("<results>/corpora/{corpus}/asr/{asr}/{voice}/score.json", **names),
        *expand("<results>/models/lms/{lm}/best.json", **names),
    ]
