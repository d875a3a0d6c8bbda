"""Speech recognition of natural and resynthesised speech.

INPUTS   corpora/{corpus}/manifest/shard-{shard}.jsonl (voice natural) or
         resynth/{voice}/shard-{shard}.jsonl (a vocoder), with their audio;
         vad/shard-{shard}.jsonl (natural); models/asrs/{asr}/checkpoint.json
OUTPUTS  corpora/{corpus}/asr/{asr}/{voice}/shard-{shard}.jsonl, .rejected.jsonl
CONFIG   asrs.{asr}
"""


include: "functions/asr.smk"


rule asr:
    input:
        manifest=asr_manifest,
        audio=asr_audio,
        vad=asr_vad,
        checkpoint=asr_checkpoint,
    output:
        transcripts="<results>/corpora/{corpus}/asr/{asr}/{voice}/shard-{shard}.jsonl",
        rejected="<results>/corpora/{corpus}/asr/{asr}/{voice}/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/asr/{corpus}/{asr}/{voice}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/asr/{corpus}/{asr}/{voice}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{asr_environment(wildcards)}.yaml"
    threads: asr_threads
    resources:
        **asr_needs(),
    params:
        script=script("asr"),
        environment=asr_environment,
        asr=asr_settings,
        vad=lambda wildcards, input: optional("--vad", input.vad),
        checkpoint=lambda wildcards, input: optional("--checkpoint", input.checkpoint),
        code=lambda wildcards: code_digest("asr", asr_module(wildcards)),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} {params.vad:q}"
        " --asr {params.asr:q} {params.checkpoint:q}"
        " --gpu {resources.gpu} --batch-seconds {resources.batch_seconds}"
        " --output {output.transcripts:q} --rejected {output.rejected:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"
