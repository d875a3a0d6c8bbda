"""Features: dense features of evaluation sets, a file an utterance; and encoders as upstreams of s3prl.

INPUTS   corpora/{corpus}/manifest/, every shard; models/encoders/{encoder}/checkpoint.json, if it has weights;
         corpora/{corpus}/encode/{encoder}/normalizer.parquet, if it normalises
OUTPUTS  exports/{export}/{corpus}/; exports/{export}/s3prl/
CONFIG   exports.{export}: encoder, format, corpora; encoders.{encoder}
"""


include: "functions/features.smk"


rule features:
    input:
        manifests=export_manifests,
        audio=lambda wildcards: each_shard("<results>/corpora/{corpus}/segment/shard-{shard}", [wildcards.corpus]),
        normalizer=export_normalizer,
        checkpoint=lambda wildcards: encoder_checkpoint(export_encoder(wildcards)),
    output:
        folder=directory("<results>/exports/{export}/{corpus}"),
    log:
        "<logs>/features/{corpus}/{export}.log",
    benchmark:
        "<benchmarks>/features/{corpus}/{export}.tsv"
    wildcard_constraints:
        export=names_of(FEATURE_EXPORTS),
    conda:
        lambda wildcards: f"../envs/{features_environment(wildcards)}.yaml"
    threads: lambda wildcards: encoder_threads(export_encoder(wildcards))
    resources:
        **encoder_needs("features", export_encoder, hours_of_corpus),
    params:
        script=script("features"),
        environment=features_environment,
        manifests=lambda wildcards, input: shard_folder(input.manifests),
        shards=lambda wildcards: len(shards(wildcards.corpus)),
        encoder=lambda wildcards: encoder_settings(export_encoder(wildcards)),
        checkpoint=lambda wildcards, input: optional("--checkpoint", input.checkpoint),
        normalizer=lambda wildcards, input: optional("--normalizer", input.normalizer),
        format=export_format,
        max_rejected=config["max_rejected"],
        code=lambda wildcards: code_digest("features", encoder_module(export_encoder(wildcards))),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifests {params.manifests:q} --shards {params.shards}"
        " --encoder {params.encoder:q} {params.checkpoint:q} {params.normalizer:q}"
        " --format {params.format} --max-rejected {params.max_rejected}"
        " --gpu {resources.gpu} --batch-seconds {resources.batch_seconds} --compile {resources.compile}"
        " --output {output.folder:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"


rule s3prl_upstream:
    input:
        checkpoint=lambda wildcards: encoder_checkpoint(export_encoder(wildcards)),
    output:
        folder=directory("<results>/exports/{export}/s3prl"),
    log:
        "<logs>/s3prl_upstream/{export}.log",
    benchmark:
        "<benchmarks>/s3prl_upstream/{export}.tsv"
    wildcard_constraints:
        export=names_of(UPSTREAMS),
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        **needs("s3prl_upstream", lambda wildcards: 0.0),
    params:
        script=script("s3prl_upstream"),
        environment="tables",
        encoder=lambda wildcards: encoder_settings(export_encoder(wildcards)),
        encoder_environment=lambda wildcards: encoder_environment(export_encoder(wildcards)),
        checkpoint=lambda wildcards, input: optional("--checkpoint", input.checkpoint),
        code=code_digest("s3prl_upstream"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --export {wildcards.export:q} --encoder {params.encoder:q} {params.checkpoint:q}"
        " --encoder-environment {params.encoder_environment:q}"
        " --output {output.folder:q}"
        " > {log:q} 2>&1"


# snakemake exports: everything that other tools are to get, and nothing that is not needed for it.
rule exports:
    input:
        exported,
    localrule: True
