"""K-means: a codebook from sampled features; units of every utterance, straight from its audio.

INPUTS   corpora/{corpus}/encode/{encoder}/, corpora/{corpus}/manifest/shard-{shard}.jsonl
OUTPUTS  models/codebooks/{codebook}/codebook.parquet, report.json
         corpora/{corpus}/units/{codebook}/shard-{shard}.parquet, .rejected.jsonl
CONFIG   codebooks.{codebook}; encoders.{encoder}
"""


include: "functions/kmeans.smk"


rule kmeans_fit:
    input:
        features=fit_features,
        normalizers=fit_normalizers,
    output:
        codebook="<results>/models/codebooks/{codebook}/codebook.parquet",
        report="<results>/models/codebooks/{codebook}/report.json",
    log:
        "<logs>/kmeans_fit/{codebook}.log",
    benchmark:
        "<benchmarks>/kmeans_fit/{codebook}.tsv"
    wildcard_constraints:
        codebook=names_of(fitted_codebooks()),
    conda:
        "../envs/kmeans.yaml"
    threads: 1
    resources:
        **needs("kmeans_fit", fit_hours),
    params:
        script=script("kmeans_fit"),
        environment="kmeans",
        features=lambda wildcards, input: shard_folders("--features", fit_corpora(wildcards), input.features),
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
        audio="<results>/corpora/{corpus}/segment/shard-{shard}",
        codebook="<results>/models/codebooks/{codebook}/codebook.parquet",
        normalizer=assign_normalizer,
        checkpoint=lambda wildcards: encoder_checkpoint(codebook_encoder(wildcards)),
    output:
        units="<results>/corpora/{corpus}/units/{codebook}/shard-{shard}.parquet",
        rejected="<results>/corpora/{corpus}/units/{codebook}/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/kmeans_assign/{corpus}/{codebook}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/kmeans_assign/{corpus}/{codebook}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{encoder_environment(codebook_encoder(wildcards))}.yaml"
    threads: lambda wildcards: encoder_threads(codebook_encoder(wildcards))
    resources:
        **encoder_needs("kmeans_assign", codebook_encoder),
    params:
        script=script("kmeans_assign"),
        environment=lambda wildcards: encoder_environment(codebook_encoder(wildcards)),
        encoder=lambda wildcards: encoder_settings(codebook_encoder(wildcards)),
        checkpoint=lambda wildcards, input: optional("--checkpoint", input.checkpoint),
        normalizer=lambda wildcards, input: optional("--normalizer", input.normalizer),
        code=lambda wildcards: code_digest("kmeans_assign", encoder_module(codebook_encoder(wildcards))),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} --encoder {params.encoder:q} {params.checkpoint:q}"
        " --codebook {input.codebook:q} {params.normalizer:q}"
        " --gpu {resources.gpu} --batch-seconds {resources.batch_seconds} --compile {resources.compile}"
        " --output {output.units:q} --rejected {output.rejected:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"
