"""Input functions and parameters of the rules in report.smk."""


def report_contents():
    """The names whose results the report shows, as JSON."""
    return json.dumps(
        {
            "corpora": {name: corpus["shards"] for name, corpus in config["corpora"].items()},
            **{section: list(config[section]) for section in ("codebooks", "bpes", "vocoders", "asrs")},
            "tables": list(CHAINS),
            "lms": {lm: list(points) for lm, points in POINTS.items()},
        }
    )


def resynthesised_audio(vocoder, corpora):
    return each_shard(f"<results>/corpora/{{corpus}}/resynth/{vocoder}/shard-{{shard}}", corpora)


def report_inputs(wildcards):
    names = {key: list(values) for key, values in NAMES.items()}
    corpora = config["corpora"]
    return [
        *each_shard("<results>/corpora/{corpus}/vad/shard-{shard}.jsonl", corpora),
        *each_shard("<results>/corpora/{corpus}/segment/shard-{shard}", corpora),
        *(path for vocoder in names["vocoder"] for path in resynthesised_audio(vocoder, corpora)),
        *(path for codebook in names["codebook"] for path in token_files(codebook, corpora)),
        *expand("<results>/corpora/{corpus}/motifs/{bpe}/motifs.tsv", **names),
        *expand("<results>/scores/asr/{corpus}/{asr}.tsv", **names),
        *expand("<results>/models/lms/{lm}/best.json", **names),
    ]
