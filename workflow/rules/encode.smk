"""Encode: features of the sample that codebooks are fitted on, and statistics to normalise by.

INPUTS   corpora/{corpus}/manifest/shard-{shard}.jsonl; models/encoders/{encoder}/checkpoint.json, if it has weights
OUTPUTS  corpora/{corpus}/encode/{encoder}/shard-{shard}.features.parquet, .sums.parquet, .rejected.jsonl,
         normalizer.parquet
CONFIG   encoders.{encoder}; codebooks: fit_on, fit_hours; corpora.{corpus}.shards
"""


include: "functions/encode.smk"


rule encode:
    input:
        manifest="<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl",
        audio="<results>/corpora/{corpus}/segment/shard-{shard}",
        checkpoint=lambda wildcards: encoder_checkpoint(wildcards.encoder),
    output:
        features="<results>/corpora/{corpus}/encode/{encoder}/shard-{shard}.features.parquet",
        sums="<results>/corpora/{corpus}/encode/{encoder}/shard-{shard}.sums.parquet",
        rejected="<results>/corpora/{corpus}/encode/{encoder}/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/encode/{corpus}/{encoder}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/encode/{corpus}/{encoder}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{encoder_environment(wildcards.encoder)}.yaml"
    threads: lambda wildcards: encoder_threads(wildcards.encoder)
    resources:
        **encoder_needs("encode", lambda wildcards: wildcards.encoder, memory_hours=sample_hours),
    params:
        script=script("encode"),
        environment=lambda wildcards: encoder_environment(wildcards.encoder),
        encoder=lambda wildcards: encoder_settings(wildcards.encoder),
        checkpoint=lambda wildcards, input: optional("--checkpoint", input.checkpoint),
        hours=sample_hours,
        code=lambda wildcards: code_digest("encode", encoder_module(wildcards.encoder)),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} --encoder {params.encoder:q} {params.checkpoint:q} --hours {params.hours}"
        " --gpu {resources.gpu} --batch-seconds {resources.batch_seconds} --compile {resources.compile}"
        " --output {output.features:q} --sums {output.sums:q} --rejected {output.rejected:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"


rule normalize:
    input:
        sums=lambda wildcards: each_shard(
            "<results>/corpora/{corpus}/encode/{encoder}/shard-{shard}.sums.parquet", [wildcards.corpus]
        ),
    output:
        normalizer="<results>/corpora/{corpus}/encode/{encoder}/normalizer.parquet",
    log:
        "<logs>/normalize/{corpus}/{encoder}.log",
    benchmark:
        "<benchmarks>/normalize/{corpus}/{encoder}.tsv"
    conda:
        "../envs/kmeans.yaml"
    threads: 1
    resources:
        **needs("normalize", hours_of_corpus),
    params:
        script=script("normalize"),
        environment="kmeans",
        folder=lambda wildcards, output: os.path.dirname(output.normalizer),
        shards=lambda wildcards: len(shards(wildcards.corpus)),
        code=code_digest("normalize"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --sums {params.folder:q} {params.shards} --output {output.normalizer:q}"
        " > {log:q} 2>&1"
