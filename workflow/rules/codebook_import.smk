"""Codebook import: centroids that others fitted, for an encoder that they belong to.

INPUTS   models/codebooks/{codebook}/checkpoint.json; models/encoders/{encoder}/checkpoint.json, if it has weights
OUTPUTS  models/codebooks/{codebook}/codebook.parquet
CONFIG   codebooks.{codebook}: checkpoint, k; encoders.{encoder}
"""


rule codebook_import:
    input:
        quantizer="<results>/models/codebooks/{codebook}/checkpoint.json",
        checkpoint=lambda wildcards: encoder_checkpoint(codebook_encoder(wildcards)),
    output:
        codebook="<results>/models/codebooks/{codebook}/codebook.parquet",
    log:
        "<logs>/codebook_import/{codebook}.log",
    benchmark:
        "<benchmarks>/codebook_import/{codebook}.tsv"
    wildcard_constraints:
        codebook=names_of(with_checkpoint("codebooks")),
    conda:
        lambda wildcards: f"../envs/{encoder_environment(codebook_encoder(wildcards))}.yaml"
    threads: 1
    resources:
        **needs(
            "codebook_import",
            lambda wildcards: 0.0,
            weights=lambda wildcards: weights_mb(codebook_encoder(wildcards)),
        ),
    params:
        script=script("codebook_import"),
        environment=lambda wildcards: encoder_environment(codebook_encoder(wildcards)),
        encoder=lambda wildcards: encoder_settings(codebook_encoder(wildcards)),
        k=lambda wildcards: config["codebooks"][wildcards.codebook]["k"],
        checkpoint=lambda wildcards, input: optional("--checkpoint", input.checkpoint),
        code=lambda wildcards: code_digest("codebook_import", encoder_module(codebook_encoder(wildcards))),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --quantizer {input.quantizer:q} --k {params.k}"
        " --encoder {params.encoder:q} {params.checkpoint:q}"
        " --output {output.codebook:q}"
        " > {log:q} 2>&1"
