"""Resynth: speech again from units, as long as the natural speech unless a vocoder predicts how long.

INPUTS   corpora/{corpus}/manifest/shard-{shard}.jsonl, units/{codebook}/shard-{shard}.parquet,
         models/vocoders/{vocoder}/vocoder.parquet; of a pretrained vocoder checkpoint.json, and
         models/codebooks/{codebook}/: codebook.parquet, and checkpoint.json if it was not fitted here
OUTPUTS  corpora/{corpus}/resynth/{vocoder}/shard-{shard}.jsonl, .rejected.jsonl, shard-{shard}/ (audio)
CONFIG   vocoders.{vocoder}, without train_on and train_hours
"""


include: "functions/resynth.smk"


rule resynth:
    input:
        manifest="<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl",
        units=resynth_units,
        vocoder=resynth_model,
        codebook=resynth_codebook,
        codebook_checkpoint=resynth_codebook_checkpoint,
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
        **resynth_needs(),
    params:
        script=script("resynth"),
        environment=vocoder_environment,
        vocoder=resynth_settings,
        codebook=lambda wildcards, input: optional("--codebook", input.codebook),
        codebook_checkpoint=lambda wildcards, input: optional("--codebook-checkpoint", input.codebook_checkpoint),
        code=lambda wildcards: code_digest("resynth", vocoder_module(wildcards)),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} --units {input.units:q}"
        " --model {input.vocoder:q} --vocoder {params.vocoder:q}"
        " {params.codebook:q} {params.codebook_checkpoint:q}"
        " --gpu {resources.gpu} --batch-seconds {resources.batch_seconds}"
        " --audio {output.audio:q} --output {output.utterances:q} --rejected {output.rejected:q}"
        " > {log:q} 2>&1"
