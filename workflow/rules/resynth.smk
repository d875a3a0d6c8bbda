"""Resynth: speech again from units, as long as the natural speech.

INPUTS   corpora/{corpus}/manifest/shard-{shard}.jsonl, units/{codebook}/shard-{shard}.parquet,
         models/vocoders/{vocoder}/vocoder.parquet
OUTPUTS  corpora/{corpus}/resynth/{vocoder}/shard-{shard}.jsonl, .rejected.jsonl, shard-{shard}/ (audio)
CONFIG   vocoders.{vocoder}: codebook, backend, iterations, seed
"""


include: "functions/resynth.smk"


rule resynth:
    input:
        manifest="<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl",
        units=resynth_units,
        vocoder="<results>/models/vocoders/{vocoder}/vocoder.parquet",
    output:
        utterances="<results>/corpora/{corpus}/resynth/{vocoder}/shard-{shard}.jsonl",
        rejected="<results>/corpora/{corpus}/resynth/{vocoder}/shard-{shard}.rejected.jsonl",
        audio=directory("<results>/corpora/{corpus}/resynth/{vocoder}/shard-{shard}"),
    log:
        "<logs>/resynth/{corpus}/{vocoder}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/resynth/{corpus}/{vocoder}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{vocoder_environment(wildcards)}.yaml"
    threads: 1
    resources:
        **needs("resynth", hours_of_shard, vocoder_backend),
    params:
        script=script("resynth"),
        environment=vocoder_environment,
        vocoder=lambda wildcards: settings("vocoders", wildcards.vocoder, "backend", "iterations", "seed"),
        code=lambda wildcards: code_digest("resynth", vocoder_module(wildcards)),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} --units {input.units:q}"
        " --model {input.vocoder:q} --vocoder {params.vocoder:q}"
        " --audio {output.audio:q} --output {output.utterances:q} --rejected {output.rejected:q}"
        " > {log:q} 2>&1"
