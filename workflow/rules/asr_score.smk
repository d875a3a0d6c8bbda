"""Error rates of a recogniser: of natural speech, and of every resynthesis beside it.

INPUTS   corpora/{corpus}/merged/asr-{asr}-{voice}.jsonl of every voice, and manifest.jsonl
OUTPUTS  scores/asr/{corpus}/{asr}.tsv
CONFIG   the names of the vocoders
"""


rule asr_score:
    input:
        transcripts=expand(
            "<results>/corpora/{corpus}/merged/asr-{asr}-{voice}.jsonl", voice=NAMES["voice"], allow_missing=True
        ),
        manifest="<results>/corpora/{corpus}/merged/manifest.jsonl",
    output:
        scores="<results>/scores/asr/{corpus}/{asr}.tsv",
    log:
        "<logs>/asr_score/{corpus}/{asr}.log",
    benchmark:
        "<benchmarks>/asr_score/{corpus}/{asr}.tsv"
    conda:
        "../envs/score.yaml"
    threads: 1
    resources:
        **needs(
            "asr_score",
            lambda wildcards: len(NAMES["voice"]) * hours_of_corpus(wildcards),
            memory_hours=hours_of_corpus,
        ),
    params:
        script=script("asr_score"),
        environment="score",
        transcripts=lambda wildcards, input: list(map("=".join, zip(NAMES["voice"], input.transcripts))),
        code=code_digest("asr_score"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --transcripts {params.transcripts:q} --manifest {input.manifest:q} --output {output.scores:q}"
        " > {log:q} 2>&1"
