"""K-means: a codebook from sampled features; units of every utterance, straight from its audio.

INPUTS   corpora/{corpus}/encode/{encoder}/, corpora/{corpus}/manifest/shard-{shard}.jsonl,
         corpora/{corpus}/merged/manifest.jsonl (the proof that nothing is missing)
OUTPUTS  models/codebooks/{codebook}/codebook.parquet, report.json
         corpora/{corpus}/units/{codebook}/shard-{shard}.parquet, .rejected.jsonl
CONFIG   codebooks.{codebook}; encoders.{encoder}
"""

FIT_SETTINGS = ("k", "fit_hours", "batch", "max_epochs", "seed")


def codebook_encoder(wildcards):
    return config["codebooks"][wildcards.codebook]["encoder"]


def fit_corpora(wildcards):
    return config["codebooks"][wildcards.codebook]["fit_on"]


def fit_features(wildcards):
    encoder = codebook_encoder(wildcards)
    pattern = f"<results>/corpora/{{corpus}}/encode/{encoder}/shard-{{shard}}.features.parquet"
    return each_shard(pattern, fit_corpora(wildcards))


def fit_normalizers(wildcards):
    encoder = codebook_encoder(wildcards)
    pattern = f"<results>/corpora/{{corpus}}/encode/{encoder}/normalizer.parquet"
    return expand(pattern, corpus=fit_corpora(wildcards)) if is_normalized(encoder) else []


def fit_coverage(wildcards):
    """Merged manifests: proof that no shard lacks an utterance. Waited for, not read."""
    return expand("<results>/corpora/{corpus}/merged/manifest.jsonl", corpus=fit_corpora(wildcards))


def fit_memory(wildcards):
    """MB for the sample, held once, beside the file that is being read."""
    hours = config["codebooks"][wildcards.codebook]["fit_hours"] * len(fit_corpora(wildcards))
    return round(1_000 + 300 * hours)


def assign_normalizer(wildcards):
    encoder = codebook_encoder(wildcards)
    normalizer = f"<results>/corpora/{{corpus}}/encode/{encoder}/normalizer.parquet"
    return normalizer if is_normalized(encoder) else []


rule kmeans_fit:
    input:
        features=fit_features,
        normalizers=fit_normalizers,
        coverage=ancient(fit_coverage),
    output:
        codebook="<results>/models/codebooks/{codebook}/codebook.parquet",
        report="<results>/models/codebooks/{codebook}/report.json",
    log:
        "<logs>/kmeans_fit/{codebook}.log",
    benchmark:
        "<benchmarks>/kmeans_fit/{codebook}.tsv"
    conda:
        "../envs/kmeans.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: fit_memory(wildcards) * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        script=script("kmeans_fit"),
        environment="kmeans",
        features=lambda wildcards, input: shard_folders("--features", input.features, fit_corpora(wildcards)),
        codebook=lambda wildcards: settings("codebooks", wildcards.codebook, *FIT_SETTINGS),
        code=code_digest("kmeans_fit"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " {params.features:q}"
        " --codebook {params.codebook:q}"
        " --output {output.codebook:q} --report {output.report:q}"
        " > {log:q} 2>&1"


rule kmeans_assign:
    input:
        manifest="<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl",
        codebook="<results>/models/codebooks/{codebook}/codebook.parquet",
        normalizer=assign_normalizer,
    output:
        units="<results>/corpora/{corpus}/units/{codebook}/shard-{shard}.parquet",
        rejected="<results>/corpora/{corpus}/units/{codebook}/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/kmeans_assign/{corpus}/{codebook}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/kmeans_assign/{corpus}/{codebook}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{encoder_environment(codebook_encoder(wildcards))}.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2_000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        script=script("kmeans_assign"),
        environment=lambda wildcards: encoder_environment(codebook_encoder(wildcards)),
        encoder=lambda wildcards: settings("encoders", codebook_encoder(wildcards)),
        normalizer=lambda wildcards, input: ["--normalizer", input.normalizer] if input.normalizer else [],
        code=lambda wildcards: code_digest("kmeans_assign", encoder_module(codebook_encoder(wildcards))),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} --encoder {params.encoder:q}"
        " --codebook {input.codebook:q} {params.normalizer:q}"
        " --output {output.units:q} --rejected {output.rejected:q}"
        " > {log:q} 2>&1"
