"""Vocoder: what the units of a codebook sound like.

INPUTS   models/codebooks/{codebook}; corpora/{corpus}/manifest, units/{codebook}
         of the corpora in train_on; no corpus where the codebook itself can be heard
OUTPUTS  models/vocoders/{vocoder}/vocoder.parquet
CONFIG   vocoders.{vocoder}: codebook, backend, train_on, train_hours; those with a checkpoint are not trained
"""


include: "functions/vocoder.smk"


rule vocoder_train:
    input:
        codebook=vocoder_codebook,
        manifests=vocoder_manifests,
        audio=vocoder_audio,
        units=vocoder_units,
    output:
        vocoder="<results>/models/vocoders/{vocoder}/vocoder.parquet",
    log:
        "<logs>/vocoder_train/{vocoder}.log",
    benchmark:
        "<benchmarks>/vocoder_train/{vocoder}.tsv"
    wildcard_constraints:
        vocoder=names_of(trained_vocoders()),
    conda:
        lambda wildcards: f"../envs/{vocoder_environment(wildcards)}.yaml"
    threads: 1
    resources:
        **needs("vocoder_train", vocoder_hours, vocoder_backend),
    params:
        script=script("vocoder_train"),
        environment=vocoder_environment,
        encoder=lambda wildcards: encoder_settings(vocoder_encoder(wildcards)),
        vocoder=lambda wildcards: settings("vocoders", wildcards.vocoder, "train_hours"),
        corpora=vocoder_arguments,
        code=code_digest("vocoder_train"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --codebook {input.codebook:q} --encoder {params.encoder:q} --vocoder {params.vocoder:q}"
        " {params.corpora:q}"
        " --output {output.vocoder:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"
