"""Speech recognition of natural and resynthesised speech, and its error rates.

INPUTS   corpora/{corpus}/manifest/shard-{shard}.jsonl (voice natural) or
         resynth/{voice}/shard-{shard}.jsonl (a vocoder), with their audio;
         corpora/{corpus}/merged/asr-{asr}-{voice}.jsonl
OUTPUTS  corpora/{corpus}/asr/{asr}/{voice}/shard-{shard}.jsonl, .rejected.jsonl, score.json
CONFIG   asrs.{asr}
"""


include: "functions/asr.smk"


rule asr:
    input:
        manifest=asr_manifest,
        audio=asr_audio,
    output:
        transcripts="<results>/corpora/{corpus}/asr/{asr}/{voice}/shard-{shard}.jsonl",
        rejected="<results>/corpora/{corpus}/asr/{asr}/{voice}/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/asr/{corpus}/{asr}/{voice}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/asr/{corpus}/{asr}/{voice}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{asr_environment(wildcards)}.yaml"
    threads: 1
    resources:
        **needs("asr", hours_of_shard, asr_backend),
    params:
        script=script("asr"),
        environment=asr_environment,
        asr=lambda wildcards: settings("asrs", wildcards.asr),
        code=lambda wildcards: code_digest("asr", asr_module(wildcards)),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --manifest {input.manifest:q} --asr {params.asr:q}"
        " --output {output.transcripts:q} --rejected {output.rejected:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"


rule asr_score:
    input:
        transcripts="<results>/corpora/{corpus}/merged/asr-{asr}-{voice}.jsonl",
    output:
        score="<results>/corpora/{corpus}/asr/{asr}/{voice}/score.json",
    log:
        "<logs>/asr_score/{corpus}/{asr}/{voice}.log",
    benchmark:
        "<benchmarks>/asr_score/{corpus}/{asr}/{voice}.tsv"
    conda:
        "../envs/score.yaml"
    threads: 1
    resources:
        **needs("asr_score", hours_of_corpus),
    params:
        script=script("asr_score"),
        environment="score",
        code=code_digest("asr_score"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --transcripts {input.transcripts:q} --output {output.score:q}"
        " > {log:q} 2>&1"
